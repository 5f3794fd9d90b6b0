#!/usr/bin/env python3
"""The records of what was done, with the real programs: a restart's verdict and the log show the chain's head, `audit verify` finds it while the bot runs, a judge of our own comes to the same head; what somebody changes in the file is found by number, and the next start says so where people look. history and timeline tell the same records in the chat.

audit.py BUILD
"""
import os
import re
import shutil
import sqlite3
import subprocess
import sys

import seals
from harness import Bot, Sim, Trouble, get, wait_until, words

# What somebody with the file can do, and the sentence that must come; {n} is the last record's number.
CHANGES = [
    ("a byte", "UPDATE audit SET detail = replace(detail, 'restart', 'restaRt') WHERE number = 1", r"record 1 is not what was written"),
    ("a name", "UPDATE audit SET who = 'slack:user:U0BO' WHERE number = 2", r"record 2 is not what was written"),
    ("a record gone", "DELETE FROM audit WHERE number = 2", r"record 2 is missing: the next one is 3"),
    ("the tail cut", "DELETE FROM audit WHERE number > 2", r"record 3 is missing, and all up to {n}, which was the last"),
    ("two in each other's place", "UPDATE audit SET number = CASE number WHEN 1 THEN -2 ELSE -1 END WHERE number < 3; UPDATE audit SET number = -number WHERE number < 0",
     r"record 1 is not what was written"),
    ("an operation", "UPDATE operation SET user_name = 'bo'", r"the row of operation \w{4} was changed by somebody else"),
]


def must(condition, what):
    if not condition:
        raise Trouble(what)


def verify(bot, *more, config=None):
    done = subprocess.run([os.path.join(bot.build, "cloudtak-bot"), "audit", "verify", "-c", config or bot.config, *more],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr


def head_of(text):
    found = re.findall(r"audit (\d+:[0-9a-f]{16})\b", text)
    must(found, f"no head in: {text}")
    return found[-1]


def restart(bot, sim):
    sim.slash("restart cotak prod")
    question = wait_until("the question, or the verdict", lambda: sim.posts("DONE") or sim.posts("RESTART cotak"))
    if not sim.posts("DONE"):
        sim.press(question[0], "confirm")
    verdict = wait_until("the verdict", lambda: sim.posts("DONE"))[0]
    recorded = wait_until("the log tells the end's record", lambda: [line for line in bot.log if "is recorded, audit " in line])
    return head_of(words(verdict)), head_of(recorded[-1])


def while_it_runs(bot, shown, logged):
    for head in shown, logged, "audit " + shown.upper():
        status, out, said = verify(bot, "--head", head)
        must(status == 0 and re.fullmatch(rf"\d+ records, head \d+:[0-9a-f]{{16}}, whole\n", out), f"--head {head}: {status}, {out}{said}")
        must("root on this host has the key and can rewrite all of it" in said, f"what it cannot tell is not said: {said}")
    db = sqlite3.connect(f"file:{bot.folder}/state.db?mode=ro", uri=True)
    number, digits = seals.judge(db, seals.key_of(f"{bot.folder}/state.db"))
    db.close()
    must(f"head {number}:{digits}, whole" in out, f"another judge says {number}:{digits}: {out}")
    other = shown[:-1] + ("0" if shown[-1] != "0" else "1")
    status, out, said = verify(bot, "--head", other)
    must(status == 1 and "is not the one that was seen as the head" in out, f"a wrong head: {status}, {out}{said}")
    status, out, said = verify(bot, "--head", "7")
    must(status == 2 and "--head takes what a verdict shows" in said, f"no head: {status}, {out}{said}")
    return number


def in_the_chat(sim):
    heard = len(sim.events)
    sim.slash("history cotak prod")
    told = wait_until("history", lambda: [e for e in sim.events[heard:] if "History of cotak prod" in words(e)])
    found = re.search(r"· (\w{4}) · restart cotak prod api · @ana · succeeded", words(told[0]))
    must(found, f"history: {words(told[0])}")
    sim.slash("timeline " + found.group(1))
    told = wait_until("timeline", lambda: [e for e in sim.events[heard:] if "Timeline of" in words(e)])
    text = words(told[0])
    must(re.search(r"\*\*UpdateService\*\*: ecs-svc/\d+, AWS request [0-9a-f-]{8,}", text), f"no request id: {text}")
    must("**asked**: restart cotak prod" in text and "**succeeded**" in text, f"timeline: {text}")


def spoiled(bot, folder, change):
    """A copy of the stopped store with a change in it: its configuration."""
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder, 0o700)
    for end in "", ".audit-key":
        shutil.copy(f"{bot.folder}/state.db{end}", f"{folder}/state.db{end}")
    db = sqlite3.connect(f"{folder}/state.db")
    db.executescript(change)
    db.commit()
    db.close()
    with open(bot.config, encoding="utf-8") as f:
        text = f.read()
    config = f"{folder}/config.yaml"
    with open(config, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as f:
        f.write(text.replace(f"{bot.folder}/state.db", f"{folder}/state.db"))
    return config


def changed(bot, last):
    folder = bot.folder + "/spoiled"
    for name, change, says in CHANGES:
        status, out, said = verify(bot, config=spoiled(bot, folder, change))
        must(status == 1 and re.search("NOT WHOLE: .*" + says.replace("{n}", str(last)), out), f"{name}: {status}, {out}{said}")
    os.remove(folder + "/state.db.audit-key")
    status, out, said = verify(bot, config=folder + "/config.yaml")
    must(status == 2 and "is gone" in said, f"no key: {status}, {out}{said}")


def next_start_says_so(bot):
    db = sqlite3.connect(f"{bot.folder}/state.db")
    db.executescript("UPDATE audit SET who = 'nobody' WHERE number = 2")
    db.commit()
    db.close()
    bot.start()
    must(bot.wait_ready(), "the bot does not start:\n" + "".join(bot.log))
    wait_until("the log says so", lambda: [line for line in bot.log if "THE AUDIT RECORDS ARE NOT WHOLE: record 2" in line])
    status, _, page = get(bot.health(), "/readyz")
    must(status == 503 and "the audit records are not whole: record 2" in page and "audit verify --head" in page, f"/readyz: {status}, {page}")
    page = get(bot.health(), "/metrics")[2]
    must('cloudtak_audit_checks_total{result="broken"} 1' in page, "/metrics does not count it")


def main(build):
    sim = Sim(build)
    bot = Bot(build, sim)
    try:
        bot.start()
        must(bot.wait_ready(), "the bot does not start:\n" + "".join(bot.log))
        shown, logged = restart(bot, sim)
        while_it_runs(bot, shown, logged)
        in_the_chat(sim)
        with open(f"{bot.folder}/state.db.audit-key", "rb") as f:
            key = f.read()
        must(bot.stop() == 0, f"stopping ended with {bot.died()}")
        status, out, _ = verify(bot, "--head", logged)  # nobody uses the store now
        must(status == 0, f"stopped: {status}, {out}")
        changed(bot, int(out.split()[0]))
        next_start_says_so(bot)
        must(bot.stop() == 0, f"stopping ended with {bot.died()}")
        must(not any(key.hex() in line for line in bot.log), "the key is in the log")
        print(f"the verdict shows {shown}, the log {logged}; {len(CHANGES)} changes found, told at the next start")
        return 0
    except Trouble:
        print("".join(bot.log[-20:]))
        raise
    finally:
        bot.stop()
        bot.close()
        sim.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
