#!/usr/bin/env python3
"""Floods and renewals at load, bounded in count and time, with the real programs.

slack_flood.py BUILD [--rate N] [--rehearsed] GROUP…   groups: viewer changer refresh
  viewer   1,000 status commands a second (or N), for 4 s, from one person while a restart runs: the verdict is at most 5 s late
  changer  the same with restart, by somebody who may not
  refresh  400 commands at 20 a second while Slack renews every connection, three times: none lost, never without a connection
--rehearsed: BUILD is the one that is installed, without fault points, and rehearses; the commands must have come at that rate
"""
import argparse
import os
import sys
import time

from harness import Trouble, wait_until, words
from rehearsed import Rehearsed
from weather import World, at_most

SECONDS = 4
SPEED = 60
NOT_BUILT = 77


def restart_alone(w):
    """Seconds from the command to its verdict."""
    w.start().connected()
    began = time.monotonic()
    w.begin_restart()
    return w.expect_said("DONE: cotak prod", seconds=120)["heard"] - began


def restart_in_flood(w, text, user, rate):
    w.start().connected()
    began = time.monotonic()
    w.begin_restart()
    w.sim.do(do="flood", user=user, channel="C0INCIDENT", text=text, count=SECONDS * rate, per_second=rate, loud=True)
    verdict = w.expect_said("DONE: cotak prod", seconds=120)
    flood = wait_until("the end of the flood", lambda: w.sim.of("flood"), 120)[0]
    return verdict["heard"] - began, flood


def flooded(world, build, text, user, rate):
    with world(build, speed=SPEED) as w:
        alone = restart_alone(w)
    with world(build, speed=SPEED) as w:
        took, flood = restart_in_flood(w, text, user, rate)
        late = took - alone
        if flood["sent"] != SECONDS * rate or flood["acks"] != flood["sent"] or flood["unacked"]:
            raise Trouble(f"not every command was acked: {flood}")
        if flood["max_ms"] > 3000:
            raise Trouble(f"an ack came after {flood['max_ms']} ms; Slack waits 3,000")
        if world is Rehearsed and flood["sent"] / flood["seconds"] < 0.9 * rate:
            raise Trouble(f"{flood['sent']} in {flood['seconds']} s is not {rate} a second")
        if late > 5:
            raise Trouble(f"the verdict came after {took:.1f} s instead of {alone:.1f} s: {late:.1f} s late")
        wait_until("the notice", lambda: notices(w, user), 60)
        time.sleep(3)
        theirs = [e for e in w.sim.of("ephemeral", "message") if e.get("to") == f"U0{user.upper()}"]
        at_most(f"answers for {user}", len(theirs), 21)  # 20 and one notice
        if len(notices(w, user)) != 1 or len(w.sim.aws("UpdateService")) != 1:
            raise Trouble(f"{len(notices(w, user))} notices, UpdateService {len(w.sim.aws('UpdateService'))}")
        at_most("lines of log", len(w.bot.log), 400)
        w.ends_well()
        return (f"{flood['sent']} at {flood['sent'] / flood['seconds']:.0f}/s, acks p50 {flood['p50_ms']:.1f} p99 {flood['p99_ms']:.1f} "
                f"max {flood['max_ms']:.1f} ms; verdict after {took:.1f} s, alone {alone:.1f} s; {len(theirs)} answers")


def notices(w, user):
    return [e for e in w.sim.of("ephemeral") if e.get("to") == f"U0{user.upper()}" and "asked more than 20 times in a minute" in words(e)]


def viewer(world, build, rate):
    return flooded(world, build, "status cotak prod", "cy", rate)


def changer(world, build, rate):
    return flooded(world, build, "restart cotak prod", "cy", rate)


def refresh(_, build, __):
    with World(build) as w:
        w.start().connected()
        w.sim.do(do="flood", user="cy", text="targets", count=400, per_second=20, loud=True)
        opened = 0
        for _ in range(3):
            opened += 2
            time.sleep(1)
            w.sim.do(do="refresh")
            wait_until("two new connections", lambda n=2 + opened: len([e for e in w.sim.of("socket") if e["what"] == "open"]) >= n, 20)
            w.weather({"act": "close", "code": 1000, "which": "told"})
            w.connected()
        flood = wait_until("the end of the flood", lambda: w.sim.of("flood"), 60)[0]
        sockets = w.stats()["sockets"]
        if flood["acks"] != 400 or flood["unacked"] or sockets["alone_ms"]:
            raise Trouble(f"{flood}, without a connection for {sockets['alone_ms']} ms")
        if sockets["connects"] != 2 + opened:
            raise Trouble(f"{sockets['connects']} connects instead of {2 + opened}")
        if w.told("no connection to Slack is left"):
            raise Trouble("it says that no connection was left")
        w.ends_well()
        return f"400 commands, 3 renewals of each connection, 0 lost, 0 ms without a connection, ack max {flood['max_ms']:.1f} ms"


GROUPS = {f.__name__: f for f in (viewer, changer, refresh)}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("groups", nargs="*", metavar="GROUP")
    p.add_argument("--rate", type=int, default=1000)
    p.add_argument("--rehearsed", action="store_true")
    a = p.parse_intermixed_args()
    if a.rehearsed and not os.path.exists(os.path.join(a.build, "cloudtak-bot")):
        print(f"skipped: {a.build} is not built (tests/run builds it)")
        return NOT_BUILT
    failed = 0
    for name in a.groups or GROUPS:
        try:
            print(f"{name}: fine: {GROUPS[name](Rehearsed if a.rehearsed else World, a.build, a.rate)}", flush=True)
        except Exception as trouble:
            failed += 1
            print(f"FAILED {name}: {trouble}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
