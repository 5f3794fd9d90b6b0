#!/usr/bin/env python3
"""Start to first connection, resident memory, and how fast commands are acknowledged; on loopback, against cloudtak-sim.

acks.py BUILD_RELEASE [--seconds N]
"""
import argparse
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from harness import Bot, Sim, wait_until  # noqa: E402


def memory(pid):
    """Resident, and private dirty, in MB. The bot hides its memory map from others; root may read it."""
    values = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as f:
        for line in f:
            parts = line.split()
            if len(parts) == 3 and parts[2] == "kB":
                values[parts[0]] = int(parts[1]) / 1024
    return values["Rss:"], values["Private_Dirty:"]


def cpu_ms(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        parts = f.read().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def flood(sim, bot, text, per_second, seconds):
    sim.do(do="limits", on=False)
    before = len([e for e in sim.of("flood") if "p50_ms" in e])
    cpu = cpu_ms(bot.process.pid)
    count = int(per_second * seconds)
    sim.do(do="flood", count=count, per_second=per_second, text=text)
    result = wait_until("the flood's figures", lambda: [e for e in sim.of("flood") if "p50_ms" in e][before:], seconds + 60)[-1]
    spent = (cpu_ms(bot.process.pid) - cpu) / count
    print(f"{text!r} at {per_second}/s, {count} commands: ack p50 {result['p50_ms']:.2f} ms, p99 {result['p99_ms']:.2f} ms, "
          f"max {result['max_ms']:.2f} ms; CPU {spent:.3f} ms a command", flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--seconds", type=float, default=10)
    a = p.parse_args()
    sim = Sim(a.build, speed=1)
    bot = Bot(a.build, sim)
    try:
        begun = time.monotonic()
        bot.start()
        bot.wait_ready()
        print(f"start to both ends ready: {(time.monotonic() - begun) * 1000:.0f} ms")
        time.sleep(3)
        print("resident idle: %.1f MB, private dirty %.1f MB" % memory(bot.process.pid))
        flood(sim, bot, "help", 100, a.seconds)
        flood(sim, bot, "help", 1000, a.seconds)
        print("resident after: %.1f MB, private dirty %.1f MB" % memory(bot.process.pid))
        print(f"stopped with {bot.stop()}")
    finally:
        bot.close()
        sim.close()


if __name__ == "__main__":
    main()
