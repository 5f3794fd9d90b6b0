#!/usr/bin/env python3
"""kill -9 between any two steps of a restart, start again: the same card goes on, the gap is stated, there is one verdict, and UpdateService is not sent a second time.

kill.py BUILD [--from N] [--to N] [--every K] [--kills N] [--jobs J]    --kills: so many, over and over through the places
"""
import argparse
import concurrent.futures
import itertools
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import time

from harness import Bot, Sim, Trouble, button, wait_until, words

VERDICT = ("DONE", "ENDED", "FAILED", "SUPERSEDED", "STOPPED FOLLOWING", "NOT RESTARTED", "NOT KNOWN WHETHER IT RESTARTED")
LEAST = 50  # kills of a whole run, where there are so many places
UNSEEN = "NOT KNOWN WHETHER IT RUNS"  # a notice: AWS cannot be seen for the moment
QUESTION = "SEND THE RESTART AGAIN?"  # nobody knows whether it was sent


def verdicts(sim):
    """New messages at the top level that tell an end."""
    return [p for p in sim.posts() if not p.get("thread_ts") and any(v in words(p) for v in VERDICT)]


def cards(sim):
    told = verdicts(sim)
    return [p for p in sim.posts("op ") if not p.get("thread_ts") and p not in told and QUESTION not in words(p) and UNSEEN not in words(p)]


def end(sim):
    """The verdict, once there is one. Where the bot asks whether to send UpdateService again, it is told to leave it: what comes then is an end as well."""
    for question in sim.posts(QUESTION):
        if button(question, "cancel") and question["ts"] not in sim.left:
            sim.left.add(question["ts"])
            sim.press(question, "cancel")
    return verdicts(sim)


def count_points(build):
    """A restart that nobody disturbs: the places it passes."""
    sim = Sim(build)
    bot = Bot(build, sim)
    log = os.path.join(bot.folder, "points")
    try:
        bot.start(CLOUDTAK_FAULT_LOG=log)
        bot.wait_ready()
        sim.slash("restart cotak prod")
        wait_until("a verdict", lambda: verdicts(sim))
        with open(log, encoding="utf-8") as f:
            names = f.read().split("\n")[:-1]
        return names
    finally:
        bot.stop()
        bot.close()
        sim.close()


def kill_at(build, n, name):
    sim = Sim(build)
    sim.left = set()
    bot = Bot(build, sim)
    try:
        bot.start(CLOUDTAK_FAULT_KILL_AT=str(n))
        if bot.wait_ready():
            sim.slash("restart cotak prod")
        wait_until("the kill", lambda: bot.died() is not None or verdicts(sim))
        if bot.died() is None:
            return False, f"{n} {name}: the restart ended before the kill"
        if bot.died() != -signal.SIGKILL:
            raise Trouble(f"ended with {bot.died()} instead of the kill:\n{''.join(bot.log[-20:])}")
        before = len(sim.aws("UpdateService"))
        shown_before = cards(sim)
        over = was_over(bot)
        bot.start()
        if not bot.wait_ready():
            raise Trouble(f"does not start again:\n{''.join(bot.log[-20:])}")
        again = False
        try:
            wait_until("a verdict", lambda: end(sim), 20 if not shown_before else 100)
        except Trouble:
            if shown_before or before or cards(sim):
                raise
            # Killed before anything was promised: a person asks again.
            again = True
            sim.slash("restart cotak prod")
            wait_until("a verdict", lambda: end(sim))
        updates = len(sim.aws("UpdateService"))
        if updates > 1:
            raise Trouble(f"UpdateService was sent {updates} times")
        if len(cards(sim)) > 1:
            raise Trouble(f"{len(cards(sim))} cards instead of one:\n" + "\n---\n".join(words(c) for c in cards(sim)))
        if len(verdicts(sim)) != 1:
            raise Trouble(f"{len(verdicts(sim))} verdicts:\n" + "\n---\n".join(words(v) for v in verdicts(sim)))
        if before and not again and "DONE" not in words(verdicts(sim)[0]):
            raise Trouble("began and was not followed to its end:\n" + words(verdicts(sim)[0]))
        if before and not over:  # in the thread, where messages give way to the verdict
            try:
                wait_until("the gap is stated", lambda: gap_stated(sim), 30)
            except Trouble as trouble:
                raise Trouble("the gap is not stated:\n" + "\n---\n".join(words(p) for p in sim.posts())) from trouble
        if bot.stop() != 0:
            raise Trouble(f"stopping ended with {bot.died()}:\n{''.join(bot.log[-20:])}")
        return True, f"{n} {name}: {'asked again, ' if again else ''}UpdateService {updates}, {words(verdicts(sim)[0]).splitlines()[0]}"
    except Trouble as trouble:
        raise Trouble(f"killed at {n} ({name}): {trouble}") from trouble
    finally:
        bot.close()
        sim.close()


def gap_stated(sim):
    return any("I was away" in words(e) for e in sim.of("message", "update"))


def was_over(bot):
    """Was the end recorded before the kill? Then there is no gap in the following. Reads a copy: the bot's own files stay as the kill left them."""
    with tempfile.TemporaryDirectory() as copy:
        for name in os.listdir(bot.folder):
            if name.startswith("state.db"):
                shutil.copy(os.path.join(bot.folder, name), copy)
        path = os.path.join(copy, "state.db")
        if not os.path.exists(path):
            return False
        with sqlite3.connect(path) as db:
            return bool(db.execute("SELECT count(*) FROM operation WHERE ended = 1").fetchone()[0])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--from", dest="first", type=int, default=1)
    p.add_argument("--to", dest="last", type=int, default=10**6)
    p.add_argument("--every", type=int, default=1)
    p.add_argument("--kills", type=int)
    p.add_argument("--jobs", type=int, default=3)
    a = p.parse_args()
    names = count_points(a.build)
    print(f"{len(names)} places in one restart", flush=True)
    if len(names) < 15:
        print("too few: is this build without CLOUDTAK_FAULTS?")
        return 1
    failed = killed = 0
    began = time.monotonic()
    numbers = [n for n in range(1, len(names) + 1) if a.first <= n <= a.last and (n - a.first) % a.every == 0]
    if a.kills:
        numbers = list(itertools.islice(itertools.cycle(numbers), a.kills))
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        runs = [pool.submit(kill_at, a.build, n, names[n - 1]) for n in numbers]
        for run in runs:
            try:
                done, told = run.result()
                killed += done
                print(told, flush=True)
            except Exception as trouble:  # every place is tried, then all faults are known
                failed += 1
                print(f"FAILED {trouble}", flush=True)
    print(f"{killed} kills survived, {failed} failed, {len(numbers) - killed - failed} came too late, {time.monotonic() - began:.0f} s")
    if not killed or killed < min(LEAST, len(numbers) * 3 // 4):
        print("too few: the runs do not pass the places that were counted")
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
