/* Several calls for one question: what comes after the deadline, without a call at all, and when it is cut.
 */
#include "ecs/errand.h"
#include "ecs_rig.h"

static struct trip {
    struct errand errand; /* first member */
    struct errand_part parts[3];
    int answers, ends, cuts, releases;
    enum aws_outcome outcome[3];
    bool late_after_first;
} trip;

static void on_answer(struct errand *e, size_t part)
{
    trip.answers++;
    trip.outcome[part] = e->parts[part].call.outcome;
    if (part == 0 && trip.late_after_first)
        e->deadline.fire(&e->deadline); /* the deadline falls between this answer and the next question */
    if (part + 1 < 3)
        errand_ask_json(e, part + 1, AWS_ECS, "ListClusters", json_object());
}

static void on_end(struct errand *e)
{
    assert_null(e->op.client);
    trip.ends++;
}

static void on_cut(struct errand *e)
{
    assert_non_null(e->op.client);
    trip.cuts++;
}

static void on_release(struct errand *e)
{
    assert_int_equal(e->open_count, 0);
    trip.releases++;
}

static void answer(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)r;
    (void)action;
    (void)body;
    rig_text(call, 200, "{\"clusterArns\":[]}");
}

static void hold(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)action;
    (void)body;
    r->held = call;
}

static void begin(struct rig *r, rig_answer *how)
{
    static const struct errand_kind kind = {on_answer, on_end, on_cut, on_release};

    memset(&trip, 0, sizeof trip);
    rig_open(r, how, 1000, 100);
    errand_begin(&trip.errand, client_of(r->ecs), 0, AWS_LANE_OPERATOR, &kind, trip.parts, 3);
}

static void one_after_the_other(void **state)
{
    static struct rig r;
    (void)state;
    begin(&r, answer);
    errand_ask_json(&trip.errand, 0, AWS_ECS, "ListClusters", json_object());
    errand_started(&trip.errand);
    assert_int_equal(trip.answers, 0);
    RIG_WAIT(&r, trip.releases);
    assert_int_equal(trip.answers, 3);
    assert_int_equal(trip.ends, 1);
    assert_int_equal(trip.errand.made, 3);
    rig_close(&r);
    assert_true(trip.releases == 1 && trip.cuts == 0);
}

static void nothing_is_asked_past_the_deadline(void **state)
{
    static struct rig r;
    (void)state;
    begin(&r, answer);
    trip.late_after_first = true;
    errand_ask_json(&trip.errand, 0, AWS_ECS, "ListClusters", json_object());
    RIG_WAIT(&r, trip.releases);
    assert_int_equal(r.actions, 1);
    assert_int_equal(trip.answers, 3); /* every question has its answer, be it that it came too late */
    assert_int_equal(trip.outcome[0], AWS_OK);
    assert_int_equal(trip.outcome[1], AWS_CANCELLED);
    assert_int_equal(trip.outcome[2], AWS_CANCELLED);
    assert_int_equal(trip.ends, 1);
    rig_close(&r);
}

static void without_a_call_it_ends_with_the_next_turn(void **state)
{
    static struct rig r;
    (void)state;
    begin(&r, answer);
    errand_started(&trip.errand);
    assert_int_equal(trip.ends, 0);
    RIG_WAIT(&r, trip.releases);
    assert_int_equal(trip.ends, 1);
    assert_int_equal(r.actions, 0);
    rig_close(&r);
}

static void it_is_cut_with_the_client(void **state)
{
    static struct rig r;
    (void)state;
    for (int asks = 0; asks < 2; asks++) {
        begin(&r, hold);
        if (asks)
            errand_ask_json(&trip.errand, 0, AWS_ECS, "ListClusters", json_object());
        errand_started(&trip.errand);
        if (asks)
            RIG_WAIT(&r, r.held);
        rig_close(&r);
        assert_true(trip.cuts == 1 && trip.ends == 0 && trip.answers == 0 && trip.releases == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(nothing_is_asked_past_the_deadline),
        cmocka_unit_test(without_a_call_it_ends_with_the_next_turn),
        cmocka_unit_test(it_is_cut_with_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
