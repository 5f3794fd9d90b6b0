#!/usr/bin/env python3
"""Slack's own app framework (Bolt, with its Socket Mode client) against the Slack simulator: a slash command, a mention, a button; acks, messages, edits; connections that Slack renews or loses. What works here is what the bot may rely on.

slack_bolt.py BUILD
"""
import json
import os
import subprocess
import sys
import threading

import peers


class Bolt:
    """slack_bolt.js; what its handlers told is in self.told."""

    def __init__(self, found, sim):
        environment = {"PATH": os.environ["PATH"], "NODE_PATH": os.path.join(found["node_folder"], "node_modules"),
                       "HOME": found["node_folder"], "SLACK_API": sim.ready["slack_api"],
                       "BOT_TOKEN": "xoxb-rehearsal-token", "APP_TOKEN": "xapp-rehearsal-token"}
        self.told, self.noise = [], []
        self.process = subprocess.Popen([found["node"], os.path.join(peers.HERE, "slack_bolt.js")], env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            try:
                self.told.append(json.loads(line))
            except ValueError:
                self.noise.append(line)

    def of(self, what):
        return [t for t in list(self.told) if t["what"] == what]

    def close(self):
        self.process.stdin.close()
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def commands(sim, bolt, findings):
    from harness import CHANNEL, wait_until
    sim.slash("one")
    told = wait_until("the command's handler", lambda: bolt.of("command"))[0]
    findings.expect((told["text"], told["user"], told["channel"]) == ("one", "U0ANA", CHANNEL), f"the command arrives as {told}")
    said = [p for p in sim.posts("said one") if p["ts"] == told["ts"]]
    findings.expect(len(said) == 1 and said[0]["channel"] == CHANNEL, "what say() said is not in the channel")
    for words in ("acked one", "responded one"):
        private = [e for e in sim.of("ephemeral") if e["text"] == words]
        findings.expect(len(private) == 1 and private[0]["to"] == "U0ANA", f"{words!r} is not shown to ana alone, once")

    sim.do(do="click", user="bo", message_ts=told["ts"], action_id="press")
    pressed = wait_until("the button's handler", lambda: bolt.of("action"))[0]
    findings.expect((pressed["value"], pressed["user"]) == ("v1", "U0BO"), f"the click arrives as {pressed}")
    findings.expect(sim.shown(told["ts"]) == "pressed\nPress", f"after chat.update the message shows {sim.shown(told['ts'])!r}")

    sim.do(do="mention", user="ana", channel=CHANNEL, text="two")
    mention = wait_until("the mention's handler", lambda: bolt.of("mention"))[0]
    findings.expect(mention["text"].endswith("two") and mention["user"] == "U0ANA", f"the mention arrives as {mention}")
    answer = [p for p in sim.posts("in the thread") if p["ts"] == mention["ts"]]
    findings.expect(len(answer) == 1 and answer[0].get("thread_ts"), "the answer is not in the mention's thread")


def connections(sim, bolt, findings):
    """After each of these the app is connected again and takes a command."""
    from harness import wait_until
    for i, act in enumerate(({"do": "refresh"}, {"do": "disconnect", "reason": "warning"}, {"do": "drop"})):
        before, text = len(bolt.of("connected")), f"after {i}"
        sim.do(**act)
        wait_until(f"connected again after {act}", lambda n=before: len(bolt.of("connected")) > n, 60)
        sim.slash(text)
        findings.expect(wait_until(f"a command {text}", lambda t=text: [c for c in bolt.of("command") if c["text"] == t], 60), "")


def main(build):
    found = peers.need_node(build)
    from harness import Sim, wait_until
    findings = peers.Findings()
    sim = Sim(build)
    bolt = Bolt(found, sim)
    try:
        wait_until("Bolt is connected", lambda: (bolt.of("ready") and bolt.of("connected")) or bolt.of("error"), 90)
        if not bolt.of("error"):
            commands(sim, bolt, findings)
            connections(sim, bolt, findings)
        sim.do(do="stats")
        stats = wait_until("figures", lambda: sim.of("stats"))[0]
        findings.expect(stats["slack"]["unacked"] == 0, f"{stats['slack']['unacked']} envelopes were not acked")
        findings.expect(not sim.of("stray_frame"), f"frames that the simulator does not know: {sim.of('stray_frame')}")
        findings.expect(not [e for e in sim.events if "error" in e], f"the simulator complains: {sim.events[-5:]}")
        findings.expect(not bolt.of("error"), f"Bolt complains: {bolt.of('error')}")
    finally:
        findings.expect(bolt.close() == 0, "Bolt ends badly:\n" + "".join(bolt.noise[-20:]))
        sim.close()
    return findings.finish("slack_bolt")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
