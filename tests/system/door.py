#!/usr/bin/env python3
"""The second door: exec and console through the daemon's socket, and alone while no daemon runs. Who comes in is whom the kernel names.

door.py BUILD PART    identities | offline | together | wrong | noise
"""
import json
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

from harness import Bot, Sim, Trouble, get, wait_until, words

ANA, BO, NOBODY = "daemon", "games", "nobody"  # accounts that every Debian has
LIMIT = 64 * 1024


class Host(Bot):
    """A bot whose configuration and door others of this host can reach, as a package would install it."""

    def __init__(self, build, sim, account=None):
        super().__init__(build, sim)
        self.account = account
        self.place = tempfile.mkdtemp(prefix="cloudtak-door-")
        os.chmod(self.place, 0o755)
        os.mkdir(os.path.join(self.place, "run"), 0o755)
        self.socket = os.path.join(self.place, "run", "door.sock")
        with open(self.config, encoding="utf-8") as f:
            text = f.read()
        os.remove(self.config)
        text = text.replace("xapp-rehearsal-token", '"${SLACK_APP_TOKEN}"').replace("xoxb-rehearsal-token", '"${SLACK_BOT_TOKEN}"')
        text = text.replace('"slack:user:U0ANA"', f'"slack:user:U0ANA", "local:{ANA}"').replace('"slack:user:U0BO"', f'"slack:user:U0BO", "local:{BO}"')
        text = text.replace("store:", f'door: {{ socket: "{self.socket}", group: {ANA} }}\nstore:', 1)
        self.config = os.path.join(self.place, "config.yaml")
        self.write(text)
        if account:
            who = pwd.getpwnam(account)
            for path in (self.folder, os.path.join(self.place, "run")):
                os.chown(path, who.pw_uid, who.pw_gid)

    def write(self, text):
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.config, 0o644)

    def change(self, old, new):
        with open(self.config, encoding="utf-8") as f:
            text = f.read()
        if old not in text:
            raise Trouble(f"the configuration has no {old}")
        self.write(text.replace(old, new))

    def program(self):
        run = super().program()
        return ["setpriv", f"--reuid={self.account}", f"--regid={self.account}", f"--groups={self.account},{ANA}", *run] if self.account else run

    def start(self, **faults):
        super().start(SLACK_APP_TOKEN="xapp-rehearsal-token", SLACK_BOT_TOKEN="xoxb-rehearsal-token", **faults)

    def ready(self):
        self.start()
        if not self.wait_ready():
            raise Trouble("the bot does not start:\n" + "".join(self.log))

    def argv(self, *what):
        return [os.path.join(self.build, "cloudtak-bot"), *what]

    def environment(self):
        """What a person's shell has: no token of the chat. Keys of AWS are asked for only by who runs alone."""
        return {"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": self.sim.ready["aws"], "AWS_ACCESS_KEY_ID": "AKIAREHEARSAL0000000",
                "AWS_SECRET_ACCESS_KEY": "rehearsal-secret-key-of-nobody", "CLOUDTAK_FAULT_SPEED": str(self.sim.speed),
                "CLOUDTAK_FAULT_EPOCH": str(self.sim.epoch), "HOME": "/nonexistent"}

    def begin(self, *what, user=None, group=ANA, **more):
        return subprocess.Popen(self.argv(*what), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                user=user, group=user and group, extra_groups=user and [], env=self.environment(), cwd="/", **more)

    def exec(self, *command, user=None, group=ANA, options=(), seconds=60):
        p = self.begin("exec", *(["-d"] if os.environ.get("DEBUG") else []), "-c", self.config, *options, "--", *command, user=user, group=group)
        out, err = p.communicate(timeout=seconds)
        return p.returncode, out, err

    def close(self):
        super().close()
        shutil.rmtree(self.place, ignore_errors=True)

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        s.connect(self.socket)
        return s


def expect(what, got, status, *needles, absent=()):
    code, out, err = got
    text = out + err
    missing = [n for n in needles if n not in text]
    found = [n for n in absent if n in text]
    if code != status or missing or found:
        raise Trouble(f"{what}: status {code}, wanted {status}; missing {missing}, found {found}:\n{out}\n--- stderr\n{err}")
    print(f"{what}: {code}, {text.strip().splitlines()[0] if text.strip() else 'nothing'}")


def audited(bot):
    """Who stands in the audit records."""
    import sqlite3
    copy = os.path.join(bot.place, "copy.db")
    with sqlite3.connect(f"file:{bot.folder}/state.db?mode=ro", uri=True) as db, sqlite3.connect(copy) as to:
        db.backup(to)
    with sqlite3.connect(copy) as db:
        return {who for (who,) in db.execute("SELECT DISTINCT who FROM audit")}


def identities(sim, bot):
    bot.ready()
    mode = os.stat(bot.socket)
    if stat.S_IMODE(mode.st_mode) != 0o660 or mode.st_gid != pwd.getpwnam(ANA).pw_gid:
        raise Trouble(f"the socket is {stat.filemode(mode.st_mode)}, group {mode.st_gid}")
    expect("outside the group", bot.exec("status", "cotak", "prod", user=NOBODY, group="nogroup"), 2, "you may not open the bot's door", "usermod -aG")
    for who in (None, NOBODY):  # root, and an account that the configuration does not name
        expect(f"{who} looks", bot.exec("status", "cotak prod", user=who), 0, "Users: SERVED")
        expect(f"{who} changes", bot.exec("restart cotak prod", user=who), 3, "⛔ Not done; nothing was changed.", 'the right "restart"', "held by @ana")
    expect("root asks who it is", bot.exec("whoami"), 0, "You are local:root", "root may look and nothing else")
    expect("not understood", bot.exec("restrat", "cotak", "prod", user=ANA), 2, "nothing was changed", "restart")
    if sim.aws("UpdateService"):
        raise Trouble("something was changed")
    expect("ana changes", bot.exec("restart", "cotak", "prod", "--reason", "INC 204", user=ANA), 0, "RESTARTING cotak prod api", "✅ DONE", "EDIT of the message", absent=("\033",))
    told = wait_until("the channel hears of it", lambda: sim.posts("DONE"))[0]
    if f"On the host, by local:{ANA}" not in words(told) or "<@U0ANA>" not in words(told) or "cloudtak-bot exec" in words(told):
        raise Trouble("the channel was told:\n" + words(told))
    if len(sim.aws("UpdateService")) != 1:
        raise Trouble("not one UpdateService")
    expect("a question is left", bot.exec("restart cotak prod events", user=ANA), 3, "A question is open", "confirm")
    expect("another terminal answers it", bot.exec("confirm", user=ANA), 0, "RESTARTING cotak prod events", "✅ DONE")
    status, _, page = get(bot.health(), "/metrics")
    if status != 200 or "cloudtak_door_terminals 0" not in page or "cloudtak_door_opened_total 9" not in page:
        raise Trouble("the figures of the door:\n" + "\n".join(l for l in page.splitlines() if "door" in l))
    who = audited(bot)
    if f"local:{ANA}" not in who or "local:root" not in who or any("user:" in w and w.startswith("local") for w in who):
        raise Trouble(f"audited: {who}")


def offline(sim, bot):
    """As the account that owns the store, which the configuration names; nobody else."""
    bot.ready()
    bot.stop()
    if os.path.exists(bot.socket):
        raise Trouble("the socket outlives the bot")
    expect("root", bot.exec("status", "cotak prod"), 2, "belongs to " + ANA, "sudo -u " + ANA, "Nothing was done")
    expect("another account", bot.exec("status", "cotak prod", user=BO), 2, "belongs to " + ANA)
    expect("looks", bot.exec("status", "cotak prod", user=ANA), 0, "Users: SERVED", "this program acts by itself")
    before = time.strftime("%Y-%m-%d", time.gmtime())
    expect("changes", bot.exec("restart cotak prod", user=ANA), 0, "RESTARTING cotak prod api", "✅ DONE")
    if sim.posts() or len(sim.aws("UpdateService")) != 1:
        raise Trouble("posted already, or not one UpdateService")
    if f"local:{ANA} offline" not in audited(bot):
        raise Trouble(f"audited: {audited(bot)}")
    bot.ready()
    told = wait_until("the channel hears of it at the next start", lambda: sim.posts("DONE"))
    text = words(told[0])
    if f"On the host, by local:{ANA} while I was down, {before[:4]}" not in text:
        raise Trouble("told:\n" + text)
    time.sleep(1)
    if len(sim.posts()) != 1:
        raise Trouble("more was told:\n" + "\n---\n".join(words(p) for p in sim.posts()))
    # Left half-way: the bot goes on with it.
    bot.stop()
    p = bot.begin("exec", "-c", bot.config, "--", "restart cotak prod hub", user=ANA)
    out, err = p.communicate(timeout=60)
    expect("a question that nobody can answer", (p.returncode, out, err), 3, "A question is open")


def together(sim, bot):
    """Host and chat at the same service: one runs, the other is told. Who leaves the terminal stops nothing."""
    bot.ready()
    p = bot.begin("exec", "-c", bot.config, "--", "restart cotak prod", user=ANA)
    wait_until("the host's restart runs", lambda: sim.aws("UpdateService"))
    told = wait_until("the channel hears of it", lambda: sim.posts(f"On the host, by local:{ANA}"))[0]
    if "RESTARTING" not in words(told) or told.get("thread_ts"):
        raise Trouble("the channel was told:\n" + words(told))
    sim.slash("restart cotak prod", user="bo")
    asked = wait_until("the chat's one is told", lambda: [m for m in sim.of("message", "ephemeral") if "runs" in words(m) and "@bo" in words(m)])[0]
    print("the chat is told:", words(asked).splitlines()[0])
    expect("a third one", bot.exec("restart cotak prod", user=BO), 3, "@ana restarts it", "A question is open")
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=20)
    expect("Ctrl-C", (p.returncode, out, err), 4, "goes on in the bot")
    wait_until("the verdict", lambda: sim.posts("DONE"))
    if len(sim.aws("UpdateService")) != 1:
        raise Trouble("not one UpdateService")


def wrong(sim, bot):
    expect("no bot ever ran", bot.exec("status", "cotak prod", user=None), 2, "no bot runs here, and none has run", "Nothing was done")
    bot.change(f'socket: "{bot.socket}"', "socket: off")
    bot.ready()
    expect("the door is off", bot.exec("status", "cotak prod"), 2, "a bot runs here, but nobody listens at its door (door.socket: off)")
    bot.stop()
    bot.change("socket: off", f'socket: "{bot.socket}"')
    # What a dead program left is replaced, what a living one has is not, what is no socket is left alone.
    left = socket.socket(socket.AF_UNIX)
    left.bind(bot.socket)
    left.listen(1)
    bot.start()
    wait_until("it does not start", lambda: bot.died() is not None)
    if "another program listens at" not in "".join(bot.log):
        raise Trouble("".join(bot.log))
    left.close()
    bot.ready()
    expect("behind a dead one's socket", bot.exec("status", "cotak prod"), 0, "Users: SERVED")
    other = Host(bot.build, sim)
    try:
        other.change(f'socket: "{other.socket}"', f'socket: "{bot.socket}"')
        expect("another store", other.exec("status", "cotak prod"), 2, "keeps its memory in", "Name its own configuration with -c")
    finally:
        other.close()
    bot.stop()
    with open(bot.socket, "w", encoding="utf-8") as f:
        f.write("precious")
    bot.start()
    wait_until("it does not start", lambda: bot.died() is not None)
    if "is no socket" not in "".join(bot.log) or open(bot.socket, encoding="utf-8").read() != "precious":
        raise Trouble("".join(bot.log))
    for line, needle in (({"cloudtak": 7, "world": "aws"}, None), ({"cloudtak": 1, "world": "rehearsal", "store": ""}, "another world")):
        os.path.exists(bot.socket) and os.remove(bot.socket)
        with socket.socket(socket.AF_UNIX) as fake:
            fake.bind(bot.socket)
            fake.listen(1)
            p = bot.begin("exec", "-c", bot.config, "--", "status cotak prod")
            peer, _ = fake.accept()
            peer.sendall((json.dumps(line) + "\n").encode())
            if needle is None:
                peer.sendall(b'{"bye":"The bot is another version"}\n')
            out, err = p.communicate(timeout=20)
            peer.close()
            expect("a peer of another kind", (p.returncode, out, err), 2, needle or "another version")


def noise(sim, bot):
    """Whatever is written there, the door stays open, and a restart that runs ends right."""
    bot.ready()
    sim.slash("restart cotak prod")
    hello = b'{"cloudtak":1}\n'
    for junk in (b"\n", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100 + b"\n", b"[1]\n", b"{}\n", b'{"say":"help","number":1}\n', hello + hello, hello + b'{"say":7,"number":1}\n',
                 hello + b'{"say":"help","number":-1}\n', hello + b'{"say":"' + b"x" * 5000 + b'","number":1}\n', b'{"cloudtak":2}\n', b'{"cloudtak":1e99}\n'):
        with bot.connect() as s:
            s.sendall(junk)
            said = s.makefile("rb").read()  # to its end: the bot hangs up
            if b'"bye"' not in said:
                raise Trouble(f"{junk[:60]} was answered {said[:200]}")
    with bot.connect() as s:  # a line of a mebibyte, never ended
        try:
            s.sendall(hello)
            for _ in range(16):
                s.sendall(b"x" * LIMIT)
            raise Trouble("a mebibyte without a newline was taken") if s.recv(1 << 20) and s.recv(1) else None
        except (BrokenPipeError, ConnectionResetError):
            pass
    halves = [bot.connect() for _ in range(8)]
    for s in halves:
        s.sendall(b'{"cloud')
    with bot.connect() as s:
        if b"no room for one more" not in s.makefile("rb").read():
            raise Trouble("a ninth terminal")
    for s in halves:
        s.sendall(b'tak":1}\n')
        if b'"world":"aws"' not in s.recv(4096):
            raise Trouble("two halves of a line are none")
        s.close()
    wait_until("they are gone", lambda: "cloudtak_door_terminals 0" in get(bot.health(), "/metrics")[2])
    deaf = bot.connect()
    deaf.sendall(hello)
    for n in range(1, 20):
        deaf.sendall(json.dumps({"say": "help", "number": n}).encode() + b"\n")
    expect("beside a deaf one", bot.exec("status", "cotak prod"), 0, "Users: SERVED")
    deaf.close()
    verdict = wait_until("the verdict", lambda: sim.posts("DONE"))
    print(words(verdict[0]).splitlines()[0])
    if bot.died() is not None or "cloudtak_door_broken_total 14" not in get(bot.health(), "/metrics")[2]:
        raise Trouble("\n".join(l for l in get(bot.health(), "/metrics")[2].splitlines() if "door" in l))


PARTS = {"identities": (identities, "root"), "offline": (offline, ANA), "together": (together, None), "wrong": (wrong, None), "noise": (noise, None)}


def main():
    build, part = sys.argv[1:3]
    if os.geteuid() != 0:
        print("skipped: only root can be somebody else")
        sys.exit(77)
    run, account = PARTS[part]
    sim = Sim(build)
    bot = Host(build, sim, account if account != "root" else None)
    try:
        run(sim, bot)
        if bot.stop() not in (0, 2, None):
            raise Trouble(f"stopping ended with {bot.died()}:\n{''.join(bot.log[-20:])}")
    finally:
        bot.close()
        sim.close()


if __name__ == "__main__":
    main()
