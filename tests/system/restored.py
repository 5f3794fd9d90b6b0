#!/usr/bin/env python3
"""A store of yesterday is put back: copied in the middle of a restart, which then runs to its end; the program starts on the copy, all of whose times are moved a day back. Nothing is sent to AWS again, and what the copy holds open is asked about once or its end is told.

restored.py BUILD
"""
import json
import os
import sqlite3
import sys

import seals
from harness import Bot, Sim, Trouble, wait_until, words

DAY = 86400000
AGAIN = ("SEND THE RESTART AGAIN?", "RESTART cotak")  # the questions
ENDS = ("NOT RESTARTED", "NOT KNOWN WHETHER IT RESTARTED", "DONE", "Expired", "SUPERSEDED")


def store_of(bot):
    return os.path.join(bot.folder, "state.db")


def copy(bot, to):
    """As a backup program takes it, while the bot runs. Returns the states of what it holds open."""
    source, target = sqlite3.connect(f"file:{store_of(bot)}?mode=ro", uri=True), sqlite3.connect(to)
    source.backup(target)
    states = [row[0] for row in target.execute("SELECT state FROM operation WHERE ended = 0")]
    source.close()
    target.close()
    os.chmod(to, 0o600)
    return states


def earlier(value):
    if isinstance(value, dict):
        return {key: earlier(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [earlier(inner) for inner in value]
    return value - DAY if isinstance(value, int) and value > 10**12 else value


def move_to_yesterday(path, key):
    """Each time in each row, also in what is kept as JSON; sealed as if it had been written then."""
    db = sqlite3.connect(path)
    moved = 0
    for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall():
        for column in [row[1] for row in db.execute(f"PRAGMA table_info({table})")]:
            if column.endswith("_ms"):
                moved += db.execute(f"UPDATE {table} SET {column} = {column} - {DAY} WHERE {column} > 1000000000000").rowcount
            elif column in ("detail", "follow") and table == "operation":
                for (row, text) in db.execute(f"SELECT rowid, {column} FROM {table} WHERE {column} LIKE '{{%'").fetchall():
                    db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (json.dumps(earlier(json.loads(text))), row))
    seals.seal_again(db, key)
    db.commit()
    db.execute("PRAGMA journal_mode = DELETE")
    db.close()
    if moved == 0:
        raise Trouble("no time was found in the copy")


def put_back(bot, saved):
    for end in "", "-wal", "-shm", "-journal":
        if os.path.exists(store_of(bot) + end):
            os.remove(store_of(bot) + end)
    os.rename(saved, store_of(bot))


def told_since(sim, heard):
    """Questions posted, and messages that tell an end, since that moment."""
    said = [e for e in sim.of("message", "update") if e["heard"] > heard]
    questions = [e for e in said if e["event"] == "message" and any(q in words(e) for q in AGAIN)]
    return questions, [e for e in said if any(end in words(e) for end in ENDS)]


def restored(build, name, wanted, until):
    sim = Sim(build)
    bot = Bot(build, sim)
    saved = os.path.join(bot.folder, "saved.db")
    try:
        bot.start()
        if not bot.wait_ready():
            raise Trouble("the bot does not start:\n" + "".join(bot.log))
        sim.slash("restart cotak prod hub" if wanted == "asking" else "restart cotak prod")
        wait_until(name, lambda: until(sim))
        states = copy(bot, saved)
        if states != [wanted]:
            raise Trouble(f"{name}: the copy holds {states}, not one that is {wanted}")
        if wanted == "asking":
            sim.press(sim.posts("RESTART cotak")[0], "confirm")
        wait_until("the verdict", lambda: sim.posts("DONE"))
        if bot.stop() != 0:
            raise Trouble(f"stopping ended with {bot.died()}")
        before, heard = len(sim.aws("UpdateService")), sim.events[-1]["heard"]
        move_to_yesterday(saved, seals.key_of(store_of(bot)))
        put_back(bot, saved)
        bot.start()
        if not bot.wait_ready():
            raise Trouble("the bot does not start on the copy:\n" + "".join(bot.log[-20:]))
        wait_until("one question, or a told end", lambda: any(told_since(sim, heard)), 60)
        wait_until("it is over", lambda: not copy(bot, saved), 120)
        questions, ends = told_since(sim, heard)
        if len(sim.aws("UpdateService")) != before or len(questions) > 1 or not (questions or ends):
            raise Trouble(f"{len(sim.aws('UpdateService')) - before} further UpdateService, {len(questions)} questions, {len(ends)} ends")
        if bot.stop() != 0:
            raise Trouble(f"stopping ended with {bot.died()}")
        last = words((questions + ends)[-1]).splitlines()
        print(f"{name}: no further UpdateService, {len(questions)} questions, told: {last[0]}", flush=True)
    except Trouble as trouble:
        print("".join(bot.log[-20:]))
        raise Trouble(f"{name}: {trouble}") from trouble
    finally:
        bot.stop()
        bot.close()
        sim.close()


def main(build):
    restored(build, "copied while it asks", "asking", lambda sim: sim.posts("RESTART cotak"))
    restored(build, "copied while it follows", "following",
             lambda sim: sim.aws("UpdateService") and any("ECS has taken the order" in words(e) for e in sim.of("update")))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
