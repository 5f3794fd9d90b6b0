#!/usr/bin/env python3
"""Slack's own app framework (Bolt, with its Socket Mode client) against the Slack simulator: a slash command, a mention, a button; acks, messages, edits; connections that Slack renews or loses. What works here is what the bot may rely on.

slack_bolt.py BUILD                slack_bolt.py BUILD --rejects: a simulator that is spoilt on purpose is found out
"""
import sys

import peers
import spoil


PATIENCE = 60  # seconds for what must come


def until(what, condition):
    from harness import wait_until
    return wait_until(what, condition, PATIENCE)


def commands(sim, bolt, findings):
    from harness import CHANNEL
    sim.slash("one")
    told = until("the command's handler", lambda: bolt.of("command"))[0]
    findings.expect((told["text"], told["user"], told["channel"]) == ("one", "U0ANA", CHANNEL), f"the command arrives as {told}")
    said = [p for p in sim.posts("said one") if p["ts"] == told["ts"]]
    findings.expect(len(said) == 1 and said[0]["channel"] == CHANNEL, "what say() said is not in the channel")
    for words in ("acked one", "responded one"):
        private = [e for e in sim.of("ephemeral") if e["text"] == words]
        findings.expect(len(private) == 1 and private[0]["to"] == "U0ANA", f"{words!r} is not shown to ana alone, once")

    sim.do(do="click", user="bo", message_ts=told["ts"], action_id="press")
    pressed = until("the button's handler", lambda: bolt.of("action"))[0]
    findings.expect((pressed["value"], pressed["user"]) == ("v1", "U0BO"), f"the click arrives as {pressed}")
    findings.expect(sim.shown(told["ts"]) == "pressed\nPress", f"after chat.update the message shows {sim.shown(told['ts'])!r}")

    sim.do(do="mention", user="ana", channel=CHANNEL, text="two")
    mention = until("the mention's handler", lambda: bolt.of("mention"))[0]
    findings.expect(mention["text"].endswith("two") and mention["user"] == "U0ANA", f"the mention arrives as {mention}")
    answer = [p for p in sim.posts("in the thread") if p["ts"] == mention["ts"]]
    findings.expect(len(answer) == 1 and answer[0].get("thread_ts"), "the answer is not in the mention's thread")


def connections(sim, bolt, findings):
    """After each of these the app is connected again and takes a command."""
    for i, act in enumerate(({"do": "refresh"}, {"do": "disconnect", "reason": "warning"}, {"do": "drop"})):
        before, text = len(bolt.of("connected")), f"after {i}"
        sim.do(**act)
        until(f"connected again after {act}", lambda n=before: len(bolt.of("connected")) > n)
        sim.slash(text)
        findings.expect(until(f"a command {text}", lambda t=text: [c for c in bolt.of("command") if c["text"] == t]), "")


def judge(build, findings, acts, changes=()):
    """The acts on a Bolt app, before a simulator that is spoilt by the changes; those that never fitted."""
    found = peers.need_node(build)
    from harness import Sim
    sim = Sim(build)
    spoilt = spoil.Spoilt(sim.ready["slack_api"], changes)
    sim.ready["slack_api"] = spoilt.url
    bolt = peers.NodeApp(found, sim, "slack_bolt.js")
    try:
        until("Bolt is connected", lambda: (bolt.of("ready") and bolt.of("connected")) or bolt.of("error"))
        if not bolt.of("error"):
            for act in acts:
                act(sim, bolt, findings)
        sim.do(do="stats")
        stats = until("figures", lambda: sim.of("stats"))[0]
        findings.expect(stats["slack"]["unacked"] == 0, f"{stats['slack']['unacked']} envelopes were not acked")
        findings.expect(not sim.of("stray_frame"), f"frames that the simulator does not know: {sim.of('stray_frame')}")
        findings.expect(not [e for e in sim.events if "error" in e], f"the simulator complains: {sim.events[-5:]}")
        findings.expect(not bolt.of("error"), f"Bolt complains: {bolt.of('error')}")
    finally:
        findings.expect(bolt.close() == 0, "Bolt ends badly:\n" + "".join(bolt.noise[-20:]))
        sim.close()
        spoilt.close()
    return spoilt.unused()


REJECTS = [
    ([('"type":"hello"', '"type":"hallo"')], "Bolt is connected"),
    ([('"command":"/cloudtak"', '"command":"/cloudtax"')], "the command's handler"),
    ([('"user_id":"U0ANA"', '"user_id":"U0BOB"')], "the command arrives as"),
    ([('"ok":true,"channel"', '"ok":null,"channel"')], "the command's handler"),  # say() fails in it
    ([('"type":"app_mention"', '"type":"app_mentioN"')], "the mention's handler"),
    ([('"action_id":"press"', '"action_id":"prezz"')], "the button's handler"),
]


def main():
    global PATIENCE
    build, findings = sys.argv[1], peers.Findings()
    if "--rejects" not in sys.argv:
        judge(build, findings, (commands, connections))
        return findings.finish("slack_bolt")
    PATIENCE = 5
    spoil.must_find(findings, REJECTS, lambda changes, found: judge(build, found, (commands,), changes))
    return findings.finish("slack_bolt --rejects")


if __name__ == "__main__":
    sys.exit(main())
