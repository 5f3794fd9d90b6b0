/* Work goes to the thread through `todo` and comes back through `done`; the mutex guards both. `wake` tells
 * the loop thread, which calls the done functions in the order in which the work was given. A handle that
 * waits for nothing does not keep the loop running: `wake` is referenced only while work is pending. */
#include <assert.h>

#include "loop_private.h"

static void put(struct work_queue *queue, struct loop_work *w)
{
    w->next = NULL;
    *(queue->first == NULL ? &queue->first : &queue->last->next) = w;
    queue->last = w;
}

static struct loop_work *take(struct work_queue *queue)
{
    struct loop_work *w = queue->first;
    if (w != NULL) {
        queue->first = w->next;
        w->next = NULL;
    }
    return w;
}

/* ---- worker thread */

static void work(void *arg)
{
    struct worker *worker = arg;
    uv_mutex_lock(&worker->mutex);
    for (;;) {
        struct loop_work *w = take(&worker->todo);
        if (w == NULL && worker->quit) {
            break;
        }
        if (w == NULL) {
            uv_cond_wait(&worker->wanted, &worker->mutex);
            continue;
        }
        uv_mutex_unlock(&worker->mutex);
        w->run(w);
        uv_mutex_lock(&worker->mutex);
        put(&worker->done, w);
        uv_cond_signal(&worker->finished);
        uv_async_send(&worker->wake);
    }
    uv_mutex_unlock(&worker->mutex);
}

/* ---- loop thread */

/* Calls the done functions of everything that is finished. */
static void deliver(struct worker *worker)
{
    uv_mutex_lock(&worker->mutex);
    struct work_queue done = worker->done;
    worker->done = (struct work_queue){0};
    uv_mutex_unlock(&worker->mutex);
    struct loop_work *w;
    while ((w = take(&done)) != NULL) {
        worker->pending--;
        if (worker->pending == 0) {
            uv_unref((uv_handle_t *)&worker->wake);
        }
        w->done(w);
    }
}

static void on_wake(uv_async_t *handle)
{
    deliver(handle->data);
}

static void start_worker(struct loop *loop)
{
    struct worker *worker = &loop->worker;
    int failed = uv_mutex_init(&worker->mutex);
    failed |= uv_cond_init(&worker->wanted);
    failed |= uv_cond_init(&worker->finished);
    failed |= uv_async_init(&loop->uv, &worker->wake, on_wake);
    worker->wake.data = worker;
    uv_unref((uv_handle_t *)&worker->wake);
    failed |= uv_thread_create(&worker->thread, work, worker);
    assert(failed == 0);
    (void)failed;
    worker->started = true;
}

static void deliver_virtual(struct loop_deferred *d)
{
    struct worker *worker = d->user;
    struct work_queue done = worker->done;
    worker->done = (struct work_queue){0};
    struct loop_work *w;
    while ((w = take(&done)) != NULL) {
        worker->pending--;
        w->done(w);
    }
}

void loop_work(struct loop *loop, struct loop_work *w)
{
    struct worker *worker = &loop->worker;
    worker->pending++;
    if (loop->is_virtual) {
        w->run(w);
        put(&worker->done, w);
        worker->deliver.run = deliver_virtual;
        worker->deliver.user = worker;
        loop_defer(loop, &worker->deliver);
        return;
    }
    if (!worker->started) {
        start_worker(loop);
    }
    uv_ref((uv_handle_t *)&worker->wake);
    uv_mutex_lock(&worker->mutex);
    put(&worker->todo, w);
    uv_cond_signal(&worker->wanted);
    uv_mutex_unlock(&worker->mutex);
}

void worker_finish(struct loop *loop)
{
    struct worker *worker = &loop->worker;
    if (loop->is_virtual) {
        while (worker->deliver.queued) {
            loop_defer_cancel(loop, &worker->deliver);
            deliver_virtual(&worker->deliver);
        }
        return;
    }
    if (!worker->started) {
        return;
    }
    while (worker->pending > 0) {
        uv_mutex_lock(&worker->mutex);
        while (worker->done.first == NULL) {
            uv_cond_wait(&worker->finished, &worker->mutex);
        }
        uv_mutex_unlock(&worker->mutex);
        deliver(worker);
    }
    uv_mutex_lock(&worker->mutex);
    worker->quit = true;
    uv_cond_signal(&worker->wanted);
    uv_mutex_unlock(&worker->mutex);
    uv_thread_join(&worker->thread);
    uv_cond_destroy(&worker->finished);
    uv_cond_destroy(&worker->wanted);
    uv_mutex_destroy(&worker->mutex);
}
