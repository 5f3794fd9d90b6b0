#!/usr/bin/env python3
"""The store in bad weather, with the real program: each bad place is refused at start with one sentence, exit status 2, and left byte for byte as it is; a disk that is really full refuses what is new, lets a running restart end, and is accepted again when there is room.

disk.py BUILD start|new|mounted|full|flood
"""
import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

from harness import Bot, Sim, Trouble, wait_until, words

SIZE = 6 * 1024 * 1024


def is_root():
    return os.geteuid() == 0


def run_once(build, sim, path):
    """Starts the bot on this store: its exit status and what it says on the last line."""
    bot = Bot(build, sim)
    try:
        with open(bot.config, encoding="utf-8") as f:
            text = f.read().replace(f"{bot.folder}/state.db", path)
        with open(bot.config, "w", encoding="utf-8") as f:
            f.write(text)
        bot.start()
        wait_until("it ends by itself", lambda: bot.died() is not None or bot.is_ready(), 60)
        if bot.died() is None:
            bot.stop()
            raise Trouble("it started, on " + path)
        wait_until("its last words", lambda: any("not started" in line for line in bot.log), 10)
        return bot.died(), [line for line in bot.log if "not started" in line][0]
    finally:
        bot.close()


def snapshot(folder):
    """Every file but the lock, the index of the journal and an empty journal, which hold nothing."""
    kept = {}
    for at, _, names in os.walk(folder):
        for name in names:
            if not name.endswith((".lock", "-shm")):
                with open(os.path.join(at, name), "rb") as f:
                    content = f.read()
                if content or not name.endswith("-wal"):
                    kept[os.path.join(at, name)] = content
    return kept


def make_store(build, sim, folder):
    """A store as the program leaves it."""
    bot = Bot(build, sim)
    try:
        bot.start()
        if not bot.wait_ready():
            raise Trouble("the bot does not start:\n" + "".join(bot.log))
        bot.stop()
        shutil.copytree(bot.folder, folder, dirs_exist_ok=True)
    finally:
        bot.close()
    os.chmod(folder, 0o700)


def overwrite(path, at, data):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data)


def sql(path, text):
    db = sqlite3.connect(path)
    db.execute(text)
    db.commit()
    db.close()


class Case:
    """What is done to a good store, and words of the sentence that must come."""

    def __init__(self, name, spoil, *said, undo=None, path="state.db"):
        self.name, self.spoil, self.said, self.undo, self.path = name, spoil, said, undo, path


def hold_lock(path):
    held = os.open(path + ".lock", os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return held


def hold_database(path):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    return db


def zero_page(path):
    overwrite(path, 2 * 4096, bytes(4096))


def truncate(path):
    os.truncate(path, os.path.getsize(path) // 2 + 100)


def become_folder(path):
    os.remove(path)
    os.mkdir(path, 0o700)


def bad_journal(path):
    with open(path + "-wal", "wb") as f:
        f.write(b"no journal at all" * 100)


CASES = [
    Case("the folder above is missing", lambda p: None, "cannot be made: No such file or directory", "make the directory above it", path="none/deep/state.db"),
    Case("a file where the folder should be", lambda p: None, "is no directory", "choose another path", path="state.db/state.db"),
    Case("a directory in its place", become_folder, "is no regular file: move it away"),
    Case("open to others", lambda p: os.chmod(p, 0o640), "is open to others: run chmod 600"),
    Case("folder open to others", lambda p: os.chmod(os.path.dirname(p), 0o755), "is open to others: run chmod 700"),
    Case("no database", lambda p: overwrite(p, 0, b"This is a text file, is it not?" * 50), "is damaged", "restore it from a backup"),
    Case("empty", lambda p: os.truncate(p, 0), "is empty", "restore it from a backup"),
    Case("cut", truncate, "is damaged", "restore it from a backup"),
    Case("a zeroed page", zero_page, "is damaged", "restore it from a backup"),
    Case("flipped bytes", lambda p: overwrite(p, 3 * 4096, b"\x5a" * 64), "is damaged", "restore it from a backup"),
    Case("a damaged journal", bad_journal, "-wal is damaged at its front", "move it"),
    Case("gone, its reserve is there", os.remove, "is gone but its reserve", "restore the file from a backup"),
    Case("a newer schema", lambda p: sql(p, "PRAGMA user_version = 99"), "newer cloudtak-bot", "start that version"),
    Case("another world", lambda p: sql(p, "UPDATE meta SET world = 'rehearsal ok'"), "another world", "choose another path"),
    Case("another program's", lambda p: sql(p, "PRAGMA application_id = 7"), "another program", "choose another path"),
    Case("in use by a daemon", hold_lock, "is in use by", "stop it, or choose another path", undo=os.close),
    Case("held by another program", hold_database, "Another program is writing to the store: close it", undo=lambda db: db.close()),
    Case("a journal of another kind", lambda p: open(p + "-journal", "w", encoding="utf-8").write("x" * 600), "-journal was written by another program", "move it away"),
]


def check_case(build, sim, good, case):
    folder = tempfile.mkdtemp(prefix="cloudtak-disk-")
    try:
        shutil.copytree(good, folder, dirs_exist_ok=True)
        os.chmod(folder, 0o700)
        held = case.spoil(os.path.join(folder, "state.db"))
        before = snapshot(folder)
        status, said = run_once(build, sim, os.path.join(folder, case.path))
        if case.undo:
            case.undo(held)
        if status != 2:
            raise Trouble(f"{case.name}: exit status {status}, {said}")
        for part in (*case.said, folder):
            if part not in said:
                raise Trouble(f"{case.name}: {part!r} is not in {said}")
        if snapshot(folder) != before:
            raise Trouble(f"{case.name}: what lay there was changed")
        print(f"{case.name}: {said.strip()[:300]}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start(build):
    sim = Sim(build)
    good = tempfile.mkdtemp(prefix="cloudtak-disk-")
    try:
        make_store(build, sim, good)
        for case in CASES:
            check_case(build, sim, good, case)
        print(f"{len(CASES)} bad places refused")
        return 0
    finally:
        sim.close()
        shutil.rmtree(good, ignore_errors=True)


class Mount:
    """A small file system of its own."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="cloudtak-disk-")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", self.folder], check=False)
        if done.returncode != 0:
            os.rmdir(self.folder)
            return None
        return self

    def read_only(self):
        subprocess.run(["mount", "-o", "remount,ro", self.folder], check=True)

    def fill(self):
        """Until not a byte fits."""
        with open(os.path.join(self.folder, "ballast"), "ab", buffering=0) as f:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        f.write(bytes(size))
                except OSError:
                    continue

    def empty(self):
        os.remove(os.path.join(self.folder, "ballast"))

    def __exit__(self, *_):
        subprocess.run(["umount", self.folder], check=False)
        os.rmdir(self.folder)


def mounted(build):
    """A full and a read-only file system."""
    if not is_root():
        print("skipped: not root, so that no file system of its own can be mounted")
        return 77
    with Mount() as disk:
        if not disk:
            print("skipped: no file system can be mounted here")
            return 77
        sim = Sim(build)
        good = tempfile.mkdtemp(prefix="cloudtak-disk-")
        try:
            make_store(build, sim, good)
            start_mounted(build, sim, good, disk)
            return 0
        finally:
            sim.close()
            shutil.rmtree(good, ignore_errors=True)


def start_mounted(build, sim, good, disk):
    store = os.path.join(disk.folder, "store")
    disk.fill()
    status, said = run_once(build, sim, os.path.join(store, "state.db"))
    if status != 2 or "free space" not in said or store not in said:
        raise Trouble(f"full at the first start: {status}, {said}")
    print("full at the first start:", said.strip())
    disk.empty()
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(good, store)
    disk.read_only()
    before = snapshot(store)
    status, said = run_once(build, sim, os.path.join(store, "state.db"))
    if status != 2 or "Read-only file system; mount it for writing" not in said or snapshot(store) != before:
        raise Trouble(f"read-only: {status}, {said}")
    print("read-only:", said.strip())


def new(build):
    """The first start, and one after which everything is gone: whoever lost a store must not take the new one for the old one."""
    sim = Sim(build)
    bot = Bot(build, sim)
    path = os.path.join(bot.folder, "state.db")
    try:
        for name, told in ("the first start", 1), ("the store is there", 0), ("everything is gone", 1):
            if name == "everything is gone":
                for left in os.listdir(bot.folder):
                    if left.startswith("state.db"):
                        os.remove(os.path.join(bot.folder, left))
            bot.start()
            if not bot.wait_ready():
                raise Trouble(f"{name}: the bot does not start:\n" + "".join(bot.log))
            lines = [line for line in bot.log if "made a new, empty store" in line]
            if len(lines) != told or not all(path in line for line in lines):
                raise Trouble(f"{name}: {len(lines)} lines instead of {told}: {lines}")
            if bot.stop() != 0:
                raise Trouble(f"stopping ended with {bot.died()}")
            print(f"{name}: {''.join(lines).strip() or 'nothing is said about it'}", flush=True)
        return 0
    finally:
        bot.stop()
        bot.close()
        sim.close()


def full(build):
    return with_small_disk(build, fill_while_it_runs)


def flood(build):
    return with_small_disk(build, stay_full)


def with_small_disk(build, play):
    if not is_root():
        print("skipped: not root, so that no file system of its own can be mounted")
        return 77
    with Mount() as disk:
        if not disk:
            print("skipped: no file system can be mounted here")
            return 77
        sim = Sim(build)
        bot = Bot(build, sim)
        with open(bot.config, encoding="utf-8") as f:
            text = f.read().replace(f"{bot.folder}/state.db", f"{disk.folder}/store/state.db")
        with open(bot.config, "w", encoding="utf-8") as f:
            f.write(text)
        try:
            return play(bot, sim, disk)
        except Trouble:
            print("".join(bot.log[-20:]))
            raise
        finally:
            bot.stop()
            bot.close()
            sim.close()


def verdicts(sim):
    return [p for p in sim.posts() if not p.get("thread_ts") and "DONE" in words(p)]


REFUSED = 15  # a person may ask 20 times a minute
LINES = 2  # for each refused change, and as many for all that follows


def stay_full(bot, sim, disk):
    """The disk stays full, and people go on asking: what is logged is bounded by what they asked."""
    bot.start()
    bot.wait_ready()
    sim.slash("restart cotak prod")
    wait_until("UpdateService", lambda: sim.aws("UpdateService"))
    disk.fill()
    wait_until("the full disk is noticed", lambda: any("disk is full" in line for line in bot.log), 60)
    wait_until("the verdict of what runs", lambda: verdicts(sim), 120)
    before, said = len(bot.log), sum("disk is full" in str(e) for e in list(sim.events))
    for _ in range(REFUSED):
        sim.slash("restart cotak prod events", user="bo")
        now = said
        said = wait_until("the refusal", lambda: (n := sum("disk is full" in str(e) for e in list(sim.events))) > now and n, 30)
    lines = bot.log[before:]
    if len(lines) > LINES * (REFUSED + 1):
        raise Trouble(f"{len(lines)} lines for {REFUSED} refusals:\n" + "".join(lines[:20]))
    time.sleep(8)  # nobody asks: nothing is repeated for ever
    idle = bot.log[before + len(lines):]
    if len(idle) > LINES:
        raise Trouble(f"{len(idle)} lines while nobody asked:\n" + "".join(idle[:20]))
    if len(sim.aws("UpdateService")) != 1:
        raise Trouble("something new was begun on a full disk")
    disk.empty()
    if bot.stop() != 0:
        raise Trouble(f"stopping ended with {bot.died()}")
    print(f"{len(lines)} lines for {REFUSED} refusals on a full disk, {len(idle)} while nobody asked")
    return 0


def fill_while_it_runs(bot, sim, disk):
    bot.start()
    bot.wait_ready()
    sim.slash("restart cotak prod")
    wait_until("UpdateService", lambda: sim.aws("UpdateService"))
    disk.fill()
    wait_until("the full disk is noticed", lambda: any("disk is full" in line for line in bot.log), 60)
    sim.slash("restart cotak prod events", user="bo")
    sentence = f"The store's disk is full: free space on {disk.folder}/store; running operations go on."
    wait_until("the refusal", lambda: any(sentence in str(e) for e in list(sim.events)), 30)
    wait_until("the verdict of what runs", lambda: verdicts(sim), 120)
    if len(sim.aws("UpdateService")) != 1:
        raise Trouble("something new was begun on a full disk")
    disk.empty()

    sim.slash("restart cotak prod events", user="bo")
    wait_until("it is accepted again", lambda: any("There is room on" in line for line in bot.log), 30)
    if bot.stop() != 0:
        raise Trouble(f"stopping ended with {bot.died()}")
    db = sqlite3.connect(f"file:{disk.folder}/store/state.db?mode=ro", uri=True)
    if db.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
        raise Trouble("the store is damaged")
    ended = db.execute("SELECT count(*) FROM operation WHERE verdict = 'succeeded'").fetchone()[0]
    db.close()
    if ended < 1:
        raise Trouble("the end was not recorded")
    print("full while a restart ran: what was new was refused, the restart ended and was told, room was noticed")
    return 0


if __name__ == "__main__":
    sys.exit({"start": start, "new": new, "mounted": mounted, "full": full, "flood": flood}[sys.argv[2]](sys.argv[1]))
