"""What the tests of bad weather share: Slack, AWS and a bot that weather is sent to, and the way their cases are run."""
import concurrent.futures
import json
import re
import sys
import time

from harness import CHANNEL, Bot, Sim, Trouble, wait_until, words


class World:
    """Slack, AWS and a bot; weather given here is there before the bot."""

    def __init__(self, build, *weather, speed=100, channels=None):
        self.sim = Sim(build, speed=speed)
        self.bot = Bot(build, self.sim)
        if channels:
            self.configure(r"channels: \[[^]]*\]", f"channels: [{channels}]")
        self.weather(*weather)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bot.close()
        self.sim.close()

    def configure(self, pattern, to):
        with open(self.bot.config, encoding="utf-8") as f:
            text = f.read()
        with open(self.bot.config, "w", encoding="utf-8") as f:
            f.write(re.sub(pattern, to, text, count=1))

    def weather(self, *rules):
        """Slack's; rules as tests/sim/wire_control.c has them."""
        for rule in rules:
            self.sim.do(do="slack_weather", **rule)

    def clear(self):
        self.weather({"clear": True})

    def aws_weather(self, *rules):
        """AWS's; rules as tests/sim/wire_weather.h has them."""
        for rule in rules:
            self.sim.do(do="weather", **rule)

    def aws_clear(self):
        self.aws_weather({"kind": "clear"})

    def start(self):
        self.bot.start()
        if not self.bot.wait_ready():
            raise Trouble("does not start:\n" + self.log())
        return self

    def log(self):
        return "".join(self.bot.log)

    def told(self, needle):
        """Lines of the log, as an operator reads them, that say this."""
        lines = []
        for line in list(self.bot.log):
            text = json.loads(line).get("message", line) if line.startswith("{") else line
            if re.search(needle, text):
                lines.append(text)
        return lines

    def expect_told(self, needle, seconds=30):
        return wait_until(f"the log says: {needle}", lambda: self.told(needle), seconds)

    def said(self, needle, channel=CHANNEL, events=("message", "ephemeral")):
        return [e for e in self.sim.of(*events) if e["channel"] == channel and re.search(needle, words(e))]

    def expect_said(self, needle, channel=CHANNEL, seconds=60):
        try:
            return wait_until(needle, lambda: self.said(needle, channel), seconds)[0]
        except Trouble as trouble:
            raise Trouble(f"{trouble}; said is:\n" + "\n---\n".join(words(e) for e in self.sim.of("message", "ephemeral"))) from None

    def stats(self):
        before = len(self.sim.of("stats"))
        self.sim.do(do="stats")
        return wait_until("stats", lambda: self.sim.of("stats")[before:])[0]

    def connected(self, count=2, seconds=60):
        wait_until(f"{count} connections", lambda: self.stats()["connections"] >= count, seconds)

    def begin_restart(self):
        """A restart whose card is posted and which is followed."""
        self.sim.slash("restart cotak prod")
        self.expect_said("RESTARTING")
        wait_until("UpdateService", lambda: self.sim.aws("UpdateService"))

    def end_restart(self, channel=CHANNEL, seconds=60):
        """One restart, one verdict, told once."""
        verdict = self.expect_said("DONE: cotak prod", channel, seconds)
        time.sleep(1)
        count = len(self.said("DONE: cotak prod", channel))
        if count != 1 or len(self.sim.aws("UpdateService")) != 1:
            raise Trouble(f"{count} verdicts, {len(self.sim.aws('UpdateService'))} UpdateService")
        return verdict

    def ends_well(self):
        if self.bot.stop() != 0:
            raise Trouble(f"ended with {self.bot.died()}:\n{self.log()}")


def at_most(what, count, most):
    if count > most:
        raise Trouble(f"{count} {what}, more than {most}")


def run(groups):
    """PROGRAM BUILD [GROUP[:CASE]…]: groups are functions of BUILD that yield (name, case)."""
    table = {f.__name__: f for f in groups}
    build, names = sys.argv[1], sys.argv[2:] or list(table)
    only = None
    if names and ":" in names[0]:
        names[0], only = names[0].split(":", 1)
    failed = total = 0
    with concurrent.futures.ThreadPoolExecutor(6) as pool:  # the cases mostly wait
        runs = [(f"{n}: {name}", pool.submit(case)) for n in names for name, case in table[n](build) if only in (None, name)]
        for name, result in runs:
            total += 1
            try:
                print(f"{name}: fine: {result.result() or ''}", flush=True)
            except Exception as trouble:  # every case is tried, then all faults are known
                failed += 1
                print(f"FAILED {name}: {trouble}", flush=True)
    print(f"{total - failed} of {total} fine")
    return 1 if failed or total == 0 else 0
