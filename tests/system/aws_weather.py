#!/usr/bin/env python3
"""AWS's bad weather: the real programs, with an AWS that answers wrongly, late or not at all. Each case says what the weather does and what
must then be read in the chat: one sentence with its cause and the next step. Nothing is changed unseen, sent twice or tried without pause.

aws_weather.py BUILD GROUP…   groups: before names looking during sending starting
"""
import re
import sys
import time

from harness import Trouble, get, wait_until, words
from weather import World, at_most, run

MOST_CALLS = 60  # of one action in a short case: a busy loop makes thousands
MOST_LOOKS = 300  # of one action while a restart is followed to its end


def flat(message):
    return re.sub(r"\s+", " ", words(message))


def rule(kind, action="*", service="ecs", **more):
    return {"kind": kind, "service": service, "action": action, **more}


def updates(w):
    return w.stats()["aws"].get("UpdateService", 0)


def calm(w, most=MOST_CALLS):
    """Nobody asked AWS without pause."""
    for action, count in w.stats()["arrived"].items():
        at_most(f"calls of {action}", count, most)


# ---- before: it lasts from before the command on, so nothing is changed, and why is said

BEFORE = [
    ("access denied", [rule("access-denied", "DescribeServices")],
     r"AWS does not let arn:aws-us-gov:sts::000000000000:assumed-role/\S+ do ecs:DescribeServices.*ask the AWS administrator to allow it"),
    ("missing, and listed", [rule("service-not-found", "DescribeServices")], r"no service tak-cloudtak-cotak-prod in .*two answers of AWS that disagree"),
    ("no cluster, and listed", [rule("cluster-not-found", "DescribeServices")], r"two answers of AWS that disagree"),
    ("another account", [rule("other-account", service="sts")], r"credentials belong to account 111111111111, but cotak prod is in account 000000000000"),
    ("another partition", [rule("other-partition", service="sts")], r"credentials belong to partition aws, but cotak prod is in partition aws-us-gov"),
    ("keys expired", [rule("expired", service="*")], r"keys of .* any more \(ExpiredToken"),
    ("throttled for good", [rule("throttle")], r"AWS slows this account down .*wait a minute and ask again"),
    ("HTTP 500", [rule("status-500")], r"HTTP 500.*health\.aws\.amazon\.com"),
    ("HTTP 503 of a balancer", [rule("status-503")], r"HTTP 503"),
    ("a sign-in page", [rule("html")], r"proxy"),
    ("a page of HTML, 502", [rule("html-502")], r"HTTP 502"),
    ("an empty answer", [rule("empty")], r"ecs:DescribeServices|no readable|check the endpoint"),
    ("truncated", [rule("truncated")], r"ecs:DescribeServices|no readable"),
    ("cut off", [rule("truncated-short")], r"ecs:DescribeServices"),
    ("wrong types", [rule("wrong-type")], r"no readable services: check the endpoint"),
    ("wrong shapes", [rule("wrong-shape")], r"no readable services: check the endpoint"),
    ("reset", [rule("reset")], r"ecs:DescribeServices"),
    ("no answer", [rule("hang")], r"within 8 s|got nowhere"),
    ("the clock cannot be mended", [rule("skew-always")], r"clock of the bot's host is .*timedatectl set-ntp true"),
]
NOTHING = r"⛔ Not done; nothing was changed\."


def refused(build, rules, sentence):
    with World(build, speed=20) as w:
        w.start()
        w.aws_weather(*rules)
        w.sim.slash("restart cotak prod")
        said = flat(w.expect_said(NOTHING, seconds=40))
        if not re.search(sentence, said):
            raise Trouble(f"{sentence!r} is not in: {said}")
        if updates(w):
            raise Trouble("UpdateService was executed")
        calm(w)
        w.aws_clear()
        if rules[0]["service"] != "sts":  # whose account keys belong to is asked once for each key
            w.sim.slash("restart cotak prod")  # what was refused left nothing behind
            w.expect_said("RESTARTING", seconds=60)
        w.ends_well()
        return said[:160]


# ---- before, with wrong names in the configuration: what is there is offered

NAMES = [
    ("a service that is not there", r"preset: v13", "services: [ { key: api, name: tak-cloudtak-cotak-prod-Service } ]\n    cluster: tak-vpc-cotak-prod",
     r"no service tak-cloudtak-cotak-prod-Service\. Did you mean tak-cloudtak-cotak-prod\?.*tak-cloudtak-cotak-prod-stateful"),
    ("a cluster that is not there", r"preset: v13", "preset: v13\n    cluster: coe-ecs-prod",
     r"no cluster coe-ecs-prod in us-gov-east-1, account 000000000000\. Did you mean tak-vpc-cotak-prod\?"),
]


def misnamed(build, pattern, to, sentence):
    with World(build) as w:
        w.configure(pattern, to)
        w.start()
        w.sim.slash("restart cotak prod api")
        said = flat(w.expect_said(NOTHING, seconds=40))
        if not re.search(sentence, said):
            raise Trouble(f"{sentence!r} is not in: {said}")
        w.ends_well()
        return said[:200]


def names(build):
    for name, pattern, to, sentence in NAMES:
        yield name, lambda pattern=pattern, to=to, sentence=sentence: misnamed(build, pattern, to, sentence)


def before(build):
    for name, rules, sentence in BEFORE:
        yield name, lambda rules=rules, sentence=sentence: refused(build, rules, sentence)


# ---- looking: the same weather, and somebody asks how it is: unknown, never "served" or "not served"

def unknown(build, rules):
    with World(build, speed=20) as w:
        w.start()
        w.aws_weather(*rules)
        w.sim.slash("status cotak prod")
        said = flat(w.expect_said("Users:", seconds=40))
        if not re.search("Users: UNKNOWN", said):
            raise Trouble(f"it claims to know: {said}")
        calm(w)
        w.ends_well()
        return said[:120]


LOOKING = ["access denied", "missing, and listed", "no cluster, and listed", "keys expired", "throttled for good", "HTTP 500", "a sign-in page", "wrong types",
           "truncated", "reset", "no answer", "the clock cannot be mended"]


def looking(build):
    for name, rules, _ in BEFORE:
        if name in LOOKING:
            yield name, lambda rules=rules: unknown(build, rules)


# ---- during: a restart is followed; the weather comes for two minutes of its world, and goes

DURING = [
    ("half of all reads throttled", [rule("throttle", every=2)], None),
    ("all reads throttled", [rule("throttle", "DescribeServices")], r"I CANNOT SEE AWS"),
    ("every third read HTTP 500", [rule("status-500", every=3)], None),
    ("HTTP 500", [rule("status-500")], r"I CANNOT SEE AWS"),
    ("a sign-in page", [rule("html")], r"I CANNOT SEE AWS"),
    ("truncated", [rule("truncated")], r"I CANNOT SEE AWS"),
    ("wrong types", [rule("wrong-type")], r"I CANNOT SEE AWS"),
    ("wrong shapes", [rule("wrong-shape")], r"I CANNOT SEE AWS"),
    ("reset", [rule("reset")], r"I CANNOT SEE AWS"),
    ("slow", [rule("slow", delay_ms=2000)], None),
    ("20 MiB of blanks", [rule("huge", count=3)], None),
    ("keys expired", [rule("expired", service="*")], r"I CANNOT SEE AWS"),
    ("access denied", [rule("access-denied", "DescribeServices")], r"I CANNOT SEE AWS"),
    ("the cluster is gone", [rule("cluster-not-found")], r"I CANNOT SEE AWS"),
    ("AWS's clock is ahead", [rule("skew")], None),
]


def followed(build, rules, blind):
    with World(build, speed=20) as w:
        w.start().begin_restart()
        w.aws_weather(*rules)
        if blind:
            w.expect_said(blind, seconds=60)
        else:
            time.sleep(6)
        w.aws_clear()
        verdict = flat(w.end_restart(seconds=120))
        if updates(w) != 1:
            raise Trouble(f"{updates(w)} UpdateService")
        if not re.search("Users: SERVED", verdict):
            raise Trouble(f"the verdict: {verdict}")
        calm(w, MOST_LOOKS)
        w.ends_well()
        return verdict[:100]


def during(build):
    for name, rules, blind in DURING:
        yield name, lambda rules=rules, blind=blind: followed(build, rules, blind)


# ---- sending: UpdateService itself is hit. One is sent; "mine" is said only after an answer

MAYBE = r"It may have been mine, ECS cannot tell"
SENDING = [
    ("executed, then reset", rule("execute-then-reset", "UpdateService", count=1), MAYBE, 1),
    ("executed, never answered", rule("execute-then-hang", "UpdateService", count=1), MAYBE, 1),
    ("reset, executed 5 s later", rule("reset-then-execute", "UpdateService", count=1, delay_ms=250), MAYBE, 1),
    ("reset, executed after the question", rule("reset-then-execute", "UpdateService", count=1, delay_ms=5000), MAYBE, 1),
    ("executed, answer truncated", rule("truncated", "UpdateService", count=1), MAYBE, 1),
    ("executed, answer cut off", rule("truncated-short", "UpdateService", count=1), MAYBE, 1),
    ("executed, answer of wrong types", rule("wrong-type", "UpdateService", count=1), MAYBE, 1),
    ("executed, answer too large", rule("huge", "UpdateService", count=1), MAYBE, 1),
    ("slow", rule("slow", "UpdateService", count=1), None, 1),
    ("throttled", rule("throttle", "UpdateService"), r"NOT RESTARTED.*nothing was changed.*AWS slows this account down", 0),
    ("keys expired", rule("expired", "UpdateService"), r"NOT RESTARTED.*nothing was changed.*keys of .* any more", 0),
    ("access denied", rule("access-denied", "UpdateService"), r"NOT RESTARTED.*AWS refused UpdateService, so nothing was changed.*ecs:UpdateService", 0),
    ("service gone", rule("service-not-found", "UpdateService"), r"NOT RESTARTED.*nothing was changed", 0),
]


def sent(build, one, sentence, executed):
    with World(build, speed=20) as w:
        w.start()
        w.aws_weather(one)
        w.sim.slash("restart cotak prod")
        said = flat(w.expect_said(r"DONE: cotak prod|NOT RESTARTED", seconds=120))
        if sentence and not re.search(sentence, said):
            raise Trouble(f"{sentence!r} is not in: {said}")
        if not sentence and re.search(MAYBE, said):
            raise Trouble(f"it had its answer: {said}")
        stats = w.stats()
        done, came = (stats[k].get("UpdateService", 0) for k in ("aws", "arrived"))
        if done != executed or (came != 1 and one["kind"] != "throttle"):  # what was throttled was not executed: it may be tried again
            raise Trouble(f"UpdateService executed {done}, arrived {came}")
        calm(w, MOST_LOOKS)
        w.ends_well()
        return said[:120]


def asked(build, kind):
    """Not executed, and nobody can know: nothing shows for a minute, and people are asked, not AWS. They say: again."""
    with World(build, speed=20) as w:
        w.start()
        w.aws_weather(rule(kind, "UpdateService", count=1))
        w.sim.slash("restart cotak prod")
        question = w.expect_said("SEND THE RESTART AGAIN", seconds=60)
        if updates(w) or w.stats()["arrived"].get("UpdateService", 0) != 1:
            raise Trouble("it was sent again by itself")
        w.sim.press(question, "confirm")
        verdict = flat(w.expect_said("DONE: cotak prod", seconds=120))
        if updates(w) != 1 or w.stats()["arrived"].get("UpdateService", 0) != 2 or re.search(MAYBE, verdict):
            raise Trouble(f"{updates(w)} executed: {verdict}")
        calm(w, MOST_LOOKS)
        w.ends_well()
        return flat(question)[:160]


def sending(build):
    for name, one, sentence, executed in SENDING:
        yield name, lambda one=one, sentence=sentence, executed=executed: sent(build, one, sentence, executed)
    for kind in ("reset", "hang", "status-500", "html-502"):
        yield f"not executed: {kind}", lambda kind=kind: asked(build, kind)


# ---- starting: AWS cannot be used at the start; the bot starts, says so, and recovers by itself

def no_such_name(build):
    with World(build) as w:
        w.bot.start(AWS_ENDPOINT_URL="http://no-such-host.invalid:1")
        w.bot.wait_ready()
        wait_until("not ready, with the name", lambda: re.search(r"aws cotak prod: NOT READY.*no-such-host\.invalid", get(w.bot.health(), "/readyz")[2]), 30)
        w.sim.slash("restart cotak prod")
        said = flat(w.expect_said(NOTHING, seconds=40))
        if not re.search(r"no-such-host\.invalid", said):
            raise Trouble(said)
        w.ends_well()
        return said[:160]


def recovers(build, one, sentence):
    with World(build, speed=100) as w:
        w.aws_weather(one)
        w.start()
        page = wait_until("not ready", lambda: [p for s, _, p in [get(w.bot.health(), "/readyz")] if s == 503 and re.search(sentence, p)], 30)[0]
        w.aws_clear()
        wait_until("ready again", lambda: get(w.bot.health(), "/readyz")[0] == 200, 90)
        w.ends_well()
        return [line for line in page.splitlines() if "NOT READY since" in line][0][:160]


def starting(build):
    yield "a name that does not exist", lambda: no_such_name(build)
    yield "keys expired", lambda: recovers(build, rule("expired", service="*"), "aws cotak prod: NOT READY.*Next: ")
    yield "HTTP 503", lambda: recovers(build, rule("status-503", service="*"), "aws cotak prod: NOT READY.*Next: ")


if __name__ == "__main__":
    sys.exit(run((before, names, looking, during, sending, starting)))
