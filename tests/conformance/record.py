#!/usr/bin/env python3
"""Records what the bot says in rehearsals of every scenario and of every command: each request to AWS and to Slack with its answer, and each ack. The judges read it.

record.py BUILD: writes BUILD/conformance/recording.jsonl
"""
import concurrent.futures
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from harness import CHANNEL, Bot, Sim, Trouble, wait_until, words  # noqa: E402
from proxy import Proxy  # noqa: E402

SPEED = 200
JOBS = 3  # most of the time is waiting
VERDICT = ("DONE", "ENDED", "FAILED", "SUPERSEDED", "STOPPED FOLLOWING", "NOT RESTARTED", "NOT KNOWN", "ROLLED BACK",
           "NOT STABILISING")
VERBS = ("restart", "status", "help", "targets", "whoami", "tasks", "events", "logs", "clusters", "services", "stop-all",
         "shutdown", "scale", "start", "rollback")
NASTY = "status <!channel> &amp; `x` *b* <https://example.invalid|y> " + "\u202e" + "z" * 200


def scenarios(build):
    done = subprocess.run([os.path.join(build, "cloudtak-sim"), "--list"], capture_output=True, text=True, check=True)
    return [line.split()[0] for line in done.stdout.splitlines()]


def answers(sim):
    return len(sim.of("message", "update", "ephemeral", "ack"))


def settle(sim, seconds=0.6):
    """Until nothing more is said for a while."""
    seen, since, end = answers(sim), time.monotonic(), time.monotonic() + 20
    while time.monotonic() - since < seconds and time.monotonic() < end:
        time.sleep(0.02)
        if answers(sim) != seen:
            seen, since = answers(sim), time.monotonic()


def verdict(sim):
    return [p for p in sim.posts() if not p.get("thread_ts") and any(v in words(p) for v in VERDICT)]


def buttons(sim):
    """(message, action, value) of the buttons that are shown now, one for each action."""
    found, now = {}, {}

    def walk(node, ts):
        if isinstance(node, dict):
            if node.get("type") == "button" and not node.get("url"):
                found.setdefault(node.get("action_id", "").split(":")[0], (ts, node["action_id"], node.get("value")))
            node = list(node.values())
        for value in node if isinstance(node, list) else []:
            walk(value, ts)

    for e in sim.of("message", "update"):
        now[e["ts"]] = e.get("blocks") or []
    for ts, blocks in now.items():
        walk(blocks, ts)
    return found


def click(sim, button, user):
    ts, action, value = button
    sim.do(do="click", user=user, message_ts=ts, action_id=action, **({"value": value} if value else {}))
    settle(sim)


def restart(sim, _bot):
    sim.slash("restart cotak prod --reason \"map <slow> & @here\"")
    wait_until("a card", lambda: sim.posts("op ") or buttons(sim).get("confirm"), 60)
    if "confirm" in buttons(sim):  # a world in which it asks first
        click(sim, buttons(sim)["confirm"], "ana")
    sim.slash("status cotak prod", user="bo")
    sim.slash("restart cotak prod", user="bo")  # while one runs
    wait_until("a verdict", lambda: verdict(sim), 120)
    for button in buttons(sim).values():
        click(sim, button, "bo")
    sim.slash("status cotak prod")
    settle(sim)


def every_word(sim, _bot):
    """Every command: its help, with a target, with what makes no sense; of people who may and who may not. Three people ask in turn: nobody may ask more than 20 times a minute."""
    texts = [f"help {v}" for v in VERBS]
    texts += [f"{v} cotak prod" + (" 3" if v == "scale" else "") for v in VERBS if v != "restart"]
    texts += [v for v in VERBS if v not in ("help", "targets", "whoami")]
    texts += ["targets", "", "nonsense", "restart nowhere", "status cotak prod nowhere", NASTY, "help " + "x" * 3000]
    sim.do(do="limits", on=False)
    sim.do(do="mention", user="ana", channel=CHANNEL, text="status cotak prod")
    sim.do(do="mention", user="ana", channel="dm-ana", text="whoami")
    for i, text in enumerate(texts):
        user = ("ana", "bo", "cy")[i % 3]
        # The bot says one thing a second in a channel: three places take a third of the time.
        sim.do(do="slash", user=user, channel=CHANNEL if user == "cy" else "dm-" + user, text=text)
    for user in ("cy", "gus", "eve"):
        sim.slash("restart cotak prod", user=user)
    # Everything is answered; the two mentions are messages of people.
    wait_until("all answers", lambda: len(sim.of("message", "ephemeral")) >= len(texts) + 3 + 4, 120)
    for _ in range(6):  # too often
        sim.slash("help", user="ana")
    settle(sim, 2)


def questions(sim, _bot):
    """Restarts that ask first: declined, confirmed."""
    for service, wanted in (("hub", 1), ("events", 0)):
        shown = set(buttons(sim))
        sim.slash(f"restart cotak prod {service}")
        settle(sim, 1.0)
        asked = [b for name, b in buttons(sim).items() if name not in shown] or list(buttons(sim).values())
        if asked:
            click(sim, asked[min(wanted, len(asked) - 1)], "ana")
        settle(sim, 1.0)
    wait_until("a verdict", lambda: verdict(sim), 120)


def killed(sim, bot):
    """kill -9 while it follows; it looks for its own messages when it is back."""
    sim.slash("restart cotak prod")
    wait_until("UpdateService", lambda: sim.aws("UpdateService"), 60)
    bot.process.kill()
    bot.process.wait()
    bot.start()
    bot.wait_ready(60)
    wait_until("a verdict", lambda: verdict(sim), 120)
    settle(sim)


def refusals(sim, _bot):
    """Slack refuses: a scope is taken away while the bot works."""
    sim.slash("status cotak prod")
    settle(sim)
    sim.do(do="revoke", scope="usergroups:read")
    sim.do(do="revoke", scope="users:read")
    sim.slash("restart cotak prod", user="cy")
    settle(sim, 1.0)


def session(build, name, scenario, act):
    sim = Sim(build, scenario, SPEED)
    aws, slack = Proxy(sim.ready["aws"]), Proxy(sim.ready["slack_api"])
    sim.ready.update(aws=aws.url, slack_api=slack.url)
    bot = Bot(build, sim, give_up="40m")
    try:
        bot.start()
        if not bot.wait_ready(60):
            raise Trouble("the bot did not start:\n" + "".join(bot.log[-20:]))
        act(sim, bot)
        if bot.stop() != 0:
            raise Trouble(f"stopping ended with {bot.died()}:\n" + "".join(bot.log[-20:]))
        # A click may take away the other buttons of its message before they are tried.
        errors = [e for e in sim.events if "error" in e and e["error"] != "this message has no such button"]
        if errors:
            raise Trouble(f"the simulator complains: {errors[0]}")
        return {"session": name, "aws": aws.kept, "slack": slack.kept,
                "acks": [e["payload"] for e in sim.of("ack") if e.get("payload")]}
    except Trouble as trouble:
        raise Trouble(f"{name}: {trouble}") from trouble
    finally:
        bot.close()
        sim.close()
        aws.close()
        slack.close()


def main():
    build = sys.argv[1]
    out = os.path.join(build, "conformance", "recording.jsonl")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    plan = [("every word", "ok", every_word)] + [(s, s, restart) for s in scenarios(build)]
    plan += [("questions", "ok", questions), ("refusals", "ok", refusals), ("killed", "ok", killed)]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool, open(out + ".new", "w", encoding="utf-8") as f:
        for run in [pool.submit(session, build, *p) for p in plan]:
            try:
                got = run.result()
            except Trouble as trouble:
                failed += 1
                print(f"FAILED {trouble}", flush=True)
                continue
            f.write(json.dumps(got) + "\n")
            print(f"{got['session']}: {len(got['aws'])} AWS, {len(got['slack'])} Slack, {len(got['acks'])} acks", flush=True)
    os.replace(out + ".new", out)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
