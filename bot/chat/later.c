#include "later.h"

#include "base/mem.h"
#include "loop/loop.h"

struct waiting {
    struct loop_deferred deferred;
    struct chat_later what;
};

static void run(struct loop_deferred *d)
{
    const struct chat_later what = ((struct waiting *)d->user)->what;

    mem_free(d->user);
    if (what.send)
        what.send->done(what.send);
    if (what.find)
        what.find->done(what.find);
    if (what.lookup)
        what.lookup->done(what.lookup);
}

void chat_later(struct loop *loop, struct chat_later what)
{
    struct waiting *w = mem_alloc(sizeof *w);

    w->what = what;
    w->deferred = (struct loop_deferred){.run = run, .user = w};
    loop_defer(loop, &w->deferred);
}
