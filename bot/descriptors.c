#include "descriptors.h"

#include <limits.h>
#include <sys/resource.h>

#include "chat/slack.h"
#include "net/http.h"
#include "net/server.h"

#define OWN            32 /* streams, loop, store, log, what is opened for a moment: some 20; the door */
#define LOOKUPS        16 /* of names, in threads of their own */
#define LISTENER_LEAST 4  /* a supervisor, Prometheus, a person, and one that is silent */

static int of_others(size_t chats)
{
    return OWN + HTTP_CONNECTIONS_DEFAULT + LOOKUPS + 2 * SLACK_LINKS * (int)chats; /* old and new ones */
}

static int of_listener(int connections)
{
    return 1 + connections + SERVER_BURST(connections);
}

int descriptors_wanted(size_t chats, bool listens)
{
    return of_others(chats) + (listens ? of_listener(SERVER_CONNECTIONS_DEFAULT) : 0);
}

int descriptors_raise(int wanted)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return wanted;
    if (files.rlim_cur < (rlim_t)wanted && files.rlim_cur < files.rlim_max) {
        struct rlimit more = files;
        more.rlim_cur = files.rlim_max < (rlim_t)wanted ? files.rlim_max : (rlim_t)wanted;
        if (setrlimit(RLIMIT_NOFILE, &more) == 0)
            files = more;
    }
    return files.rlim_cur > INT_MAX ? INT_MAX : (int)files.rlim_cur;
}

bool descriptors_share(int limit, size_t chats, bool listens, int *ret_listener, struct err *err)
{
    const int left = limit - of_others(chats), wanted = descriptors_wanted(chats, listens);
    int connections = listens ? SERVER_CONNECTIONS_DEFAULT : 0;

    while (listens && connections >= LISTENER_LEAST && of_listener(connections) > left)
        connections--;
    if (left < 0 || (listens && connections < LISTENER_LEAST))
        return err_set(err, ERR_CONFIG,
                       "only %d files and sockets may be open here, too few to reach chat, AWS and the store "
                       "at any time; %d are wanted: raise the limit (LimitNOFILE=%d in the systemd unit, "
                       "`ulimit -n %d` in a shell)",
                       limit, wanted, wanted, wanted);
    *ret_listener = connections;
    return true;
}
