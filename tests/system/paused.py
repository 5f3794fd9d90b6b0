#!/usr/bin/env python3
"""SIGSTOP at a step of a restart, for more than two minutes of the world's time, then SIGCONT: at most one UpdateService, and one verdict or a question.

paused.py BUILD
"""
import signal
import sys
import time

from harness import Bot, Sim, Trouble, wait_until, words
from kill import QUESTION, end, verdicts

CARD = "RESTARTING cotak"  # "slower than usual" is said as well, and true
PLACES = "queued", "acting committed", "UpdateService begins", "UpdateService answered", "following committed"
STOPPED_S = 2  # 200 s of the world


def is_stopped(bot):
    with open(f"/proc/{bot.process.pid}/stat", encoding="utf-8") as f:
        return f.read().rsplit(")", 1)[1].split()[0] == "T"


def paused_at(build, place):
    sim = Sim(build)
    sim.left = set()
    bot = Bot(build, sim)
    try:
        bot.start(CLOUDTAK_FAULT_STOP_AT=place)
        if not bot.wait_ready():
            raise Trouble("the bot does not start:\n" + "".join(bot.log))
        sim.slash("restart cotak prod")
        wait_until("it stops", lambda: is_stopped(bot), 30)
        time.sleep(STOPPED_S)
        bot.process.send_signal(signal.SIGCONT)

        def go_on():
            if is_stopped(bot):  # the place is passed again
                bot.process.send_signal(signal.SIGCONT)
            return end(sim)

        wait_until("a verdict", go_on, 60)
        updates, asked = len(sim.aws("UpdateService")), len(sim.posts(QUESTION))
        if updates != 1 or len(verdicts(sim)) != 1 or len(sim.posts(CARD)) != 1 or asked > 1:
            raise Trouble(f"{updates} UpdateService, {len(verdicts(sim))} verdicts, {len(sim.posts(CARD))} cards, {asked} questions:\n" +
                          "\n---\n".join(words(p) for p in sim.posts()))
        if bot.stop() != 0:
            raise Trouble(f"stopping ended with {bot.died()}:\n{''.join(bot.log[-20:])}")
        print(f"{place}: UpdateService {updates}, {asked} questions, {words(verdicts(sim)[0]).splitlines()[0]}", flush=True)
    except Trouble as trouble:
        print("".join(bot.log[-20:]))
        raise Trouble(f"stopped at {place!r}: {trouble}") from trouble
    finally:
        bot.close()
        sim.close()


def main(build):
    for place in PLACES:
        paused_at(build, place)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
