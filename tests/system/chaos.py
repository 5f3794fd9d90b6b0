#!/usr/bin/env python3
"""kill -9 at random over mixed commands, clicks and the bad weather of Slack and AWS; then what was confirmed is held against what the simulators saw.

chaos.py BUILD [--kills N] [--worlds N] [--jobs J] [--seed S]     N kills, shared among worlds of their own
chaos.py BUILD --rejects                                         the judgement itself, on stores that were spoilt
"""
import argparse
import concurrent.futures
import json
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time

from harness import Bot, Sim, Trouble, button, wait_until, words

CHANGES = ("restart cotak prod", "restart cotak prod hub", "restart cotak prod events", "stop-all cotak prod", "stop-all cotak prod hub", "rollback cotak prod",
           "scale cotak prod 3", "shutdown cotak prod events", "start cotak prod events", "restart cotak prod all")
TAKEN_AGAIN = CHANGES[:3]
READS = ("status cotak prod", "tasks cotak prod", "events cotak prod", "locks", "history cotak prod", "lock cotak prod", "unlock cotak prod", "targets", "whoami", "help restart", "follow cotak prod hub")
AWS_WEATHER = ("throttle", "status-500", "reset", "html-502", "execute-then-reset", "slow")
SLACK_WEATHER = ({"method": "chat.postMessage", "answer": "reset", "executed": True}, {"method": "chat.postMessage", "answer": "http", "status": 500},
                 {"method": "chat.postMessage", "answer": "error", "error": "ratelimited", "retry_after": 1}, {"method": "chat.update", "answer": "reset"},
                 {"method": "users.info", "answer": "hang"})
SETTLE_S = 150  # give_up_after is 20 min of the world, at a hundredfold speed, and a question expires after two minutes of ours


def rows_of(folder):
    """The store's rows as the kill left them, read from a copy."""
    with tempfile.TemporaryDirectory() as copy:
        for name in os.listdir(folder):
            if name.startswith("state.db"):
                shutil.copy(os.path.join(folder, name), copy)
        path = os.path.join(copy, "state.db")
        if not os.path.exists(path):
            return [], [], []
        db = sqlite3.connect(path)
        try:
            db.row_factory = sqlite3.Row
            return tuple([dict(row) for row in db.execute(f"SELECT * FROM {table} ORDER BY number")] for table in ("operation", "outbox", "audit"))
        except sqlite3.OperationalError as none_yet:
            if "no such table" in str(none_yet):
                return [], [], []
            raise
        finally:
            db.close()


def key_of(message):
    return (message.get("metadata") or {}).get("event_payload", {}).get("key", "")


def faults(operations, outbox, audit, sent, keys):
    """What does not hold. sent: the changing calls that AWS saw, by name. keys: the metadata keys of new messages that Slack shows."""
    found = []
    moves = {}
    for line in audit:
        moves.setdefault(line["operation"], []).append(line["what"])
    acting = sum(what == "acting" for whats in moves.values() for what in whats)
    if sent.get("UpdateService", 0) > acting:
        found.append(f"UpdateService came {sent['UpdateService']} times, written down before it was sent: {acting}")
    waiting = {}
    for op in operations:
        id_, whats = op["id"], moves.get(op["id"], [])
        if not op["ended"]:
            found.append(f"{id_} ({op['verb']} {op['target']} {op['service_key']}) never ended: it is {op['state']}")
            continue
        told = [row for row in outbox if row["operation"] == id_ and row["ends"]]
        ends = whats.count(op["verdict"])
        if op["verdict"] != op["state"] or ends != 1:
            found.append(f"{id_} ended as {op['state']}, its verdict is {op['verdict']}, written down {ends} times")
        if not any(row["state"] == 2 for row in told):
            found.append(f"{id_} ({op['state']}): nobody was told its end")
        for key in {row["id"] for row in told if not row["private_to"]}:
            if keys.count(key) > 1:
                found.append(f"{id_}: {key} was posted {keys.count(key)} times")
        if whats.count("acting") > 1 and not any(what in whats for what in ("again", "confirmed")):
            found.append(f"{id_} was sent {whats.count('acting')} times and nobody was asked")
        waiting[id_] = op["state"]
    return found


class World:
    def __init__(self, build, seed):
        self.random = random.Random(seed)
        self.sim, self.kills, self.said = Sim(build), 0, []
        self.bot = Bot(build, self.sim, give_up="20m")

    def start(self):
        self.bot.start()
        if not self.bot.wait_ready(60):
            raise Trouble("the bot does not start again:\n" + "".join(self.bot.log[-10:]))

    def questions(self, action):
        """Messages that show this button now, after their edits."""
        shown = {m.get("ts"): m for m in self.sim.of("message", "update")}
        return [m for m in shown.values() if button(m, action)]

    def drive(self):
        """A change as a person does it: asked for, its question answered by the same person."""
        user, before = self.random.choice(("ana", "bo")), {button(m, "confirm") for m in self.questions("confirm")}
        self.sim.slash(self.random.choice(CHANGES), user)
        end, pressed = time.monotonic() + self.random.choice((0.05, 0.5, 2)), 0
        while time.monotonic() < end:
            fresh = [m for m in self.questions("confirm") if button(m, "confirm") not in before]
            if fresh and time.monotonic() > pressed + 0.3:
                pressed = time.monotonic()
                self.sim.press(fresh[-1], "confirm", user)
            time.sleep(0.02)

    def answer(self, action):
        asked = self.questions(action)
        if asked:
            self.sim.press(self.random.choice(asked[-3:]), action, self.random.choice(("ana", "bo")))

    def act(self):
        pick = self.random.random()
        user = self.random.choice(("ana", "bo", "eve"))
        if pick < 0.3:
            self.drive()
        elif pick < 0.4:
            self.sim.slash(self.random.choice(CHANGES), user)
        elif pick < 0.5:
            self.sim.slash(self.random.choice(READS), user)
        elif pick < 0.7:
            self.answer("confirm")
        elif pick < 0.75:
            self.answer("cancel")
        elif pick < 0.85:
            self.sim.do(do="weather", kind=self.random.choice(AWS_WEATHER), count=self.random.randint(1, 4))
        elif pick < 0.95:
            self.sim.do(do="slack_weather", count=self.random.randint(1, 3), **self.random.choice(SLACK_WEATHER))
        else:
            self.sim.do(do="drop")

    def kill(self):
        for _ in range(self.random.randint(1, 4)):
            self.act()
            time.sleep(self.random.choice((0, 0.02, 0.1, 0.4, 1.2)) * self.random.random())
        if self.bot.died() is not None:
            raise Trouble(f"ended with {self.bot.died()} before the kill:\n" + "".join(self.bot.log[-10:]))
        self.bot.process.kill()
        self.bot.process.wait()
        self.kills += 1
        self.start()

    def open_operations(self):
        return [op for op in rows_of(self.bot.folder)[0] if not op["ended"]]

    def settle(self):
        """Fair weather; what asks is told no; everything comes to its end."""
        self.sim.do(do="weather", kind="clear")
        self.sim.do(do="slack_weather", clear=True)
        end, pressed = time.monotonic() + SETTLE_S, 0
        while self.open_operations() or self.untold():
            if time.monotonic() > end:
                return
            if time.monotonic() > pressed + 2:
                pressed = time.monotonic()
                for op in self.open_operations():
                    for question in [m for m in self.questions("cancel") if button(m, "cancel").startswith(op["id"])][-1:]:
                        self.sim.press(question, "cancel")
            time.sleep(0.3)

    def untold(self):
        return [row for row in rows_of(self.bot.folder)[1] if row["ends"] and row["state"] < 2]

    def free(self):
        """No lock is left behind: each service can be restarted again."""
        stuck = []
        for text in TAKEN_AGAIN:
            before = {op["id"] for op in rows_of(self.bot.folder)[0]}
            self.sim.slash(text)

            def fresh(before=before):
                return [op for op in rows_of(self.bot.folder)[0] if op["id"] not in before and op["state"] not in ("requested",)]
            op = wait_until(f"{text} is taken again", fresh)[0]
            if op["state"] == "refused":
                stuck.append(f"after all of it, {text} is refused: {json.loads(op['detail']).get('why', op['detail'])}")
        self.settle()
        return stuck

    def run(self, kills):
        try:
            self.start()
            for _ in range(kills):
                self.kill()
            self.settle()
            found = self.free()
            operations, outbox, audit = rows_of(self.bot.folder)
            sent = {name: len(self.sim.aws(name)) for name in ("UpdateService",)}
            found += faults(operations, outbox, audit, sent, [key_of(m) for m in self.sim.of("message")])
            if self.bot.stop() != 0:
                found.append(f"stopping ended with {self.bot.died()}: {''.join(self.bot.log[-5:])}")
            return found, operations, sent, self.kills
        finally:
            self.bot.close()
            self.sim.close()


def judge(build, kills, worlds, jobs, seed):
    began, bad, ends, killed, updates = time.monotonic(), 0, {}, 0, 0
    shares = [kills // worlds + (n < kills % worlds) for n in range(worlds)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        runs = [pool.submit(lambda n=n: World(build, seed + n).run(shares[n])) for n in range(worlds)]
        for n, one in enumerate(runs):
            try:
                found, operations, sent, done = one.result()
            except Exception as trouble:  # every world is judged, then all faults are known
                found, operations, sent, done = [str(trouble)], [], {}, 0
            bad += len(found)
            killed += done
            updates += sent.get("UpdateService", 0)
            for op in operations:
                ends[op["state"]] = ends.get(op["state"], 0) + 1
            for fault in found:
                print(f"FAULT world {n} (seed {seed + n}): {fault}")
    told = ", ".join(f"{count} {state}" for state, count in sorted(ends.items()))
    print(f"{killed} kills in {worlds} worlds, {sum(ends.values())} operations ({told}), UpdateService {updates}, {bad} faults, {time.monotonic() - began:.0f} s")
    if killed != kills or not ends.get("succeeded"):
        print("too little was tried")
        return 1
    return 1 if bad else 0


def rejects():
    """Each fault that is to be found, put into rows that are right."""
    def rows():
        operation = {"id": "7F3K", "verb": "restart", "target": "cotak prod", "service_key": "api", "state": "succeeded", "verdict": "succeeded", "ended": 1}
        outbox = {"id": "7F3K/verdict", "operation": "7F3K", "ends": 1, "state": 2, "private_to": ""}
        audit = [{"operation": "7F3K", "what": what} for what in ("asked", "queued", "acting", "following", "succeeded")]
        return [operation], [outbox], audit, {"UpdateService": 1}, ["7F3K/verdict"]

    def spoilt(change):
        args = rows()
        change(*args)
        return faults(*args)

    spoil = {"sent more often than written down": lambda o, b, a, s, k: s.update(UpdateService=2),
             "never ended": lambda o, b, a, s, k: o[0].update(ended=0, state="following"),
             "a verdict written down twice": lambda o, b, a, s, k: a.append(dict(a[-1])),
             "a verdict that is not the state": lambda o, b, a, s, k: o[0].update(state="failed"),
             "nobody was told": lambda o, b, a, s, k: b[0].update(state=1),
             "told twice": lambda o, b, a, s, k: k.append("7F3K/verdict"),
             "sent twice unasked": lambda o, b, a, s, k: a.append({"operation": "7F3K", "what": "acting"})}
    missed = [name for name, change in spoil.items() if not spoilt(change)]
    wrong = faults(*rows())
    for name in missed:
        print("MISSED", name)
    for fault in wrong:
        print("FOUND IN RIGHT ROWS", fault)
    print(f"{len(spoil) - len(missed)} of {len(spoil)} spoilt stores found")
    return 1 if missed or wrong else 0


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--kills", type=int, default=40)
    p.add_argument("--worlds", type=int, default=4)
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--rejects", action="store_true")
    a = p.parse_args()
    return rejects() if a.rejects else judge(a.build, a.kills, a.worlds, a.jobs, a.seed)


if __name__ == "__main__":
    sys.exit(main())
