#!/usr/bin/env python3
"""Slack's own Socket Mode client, alone, against the Slack simulator: the hello, an envelope of each kind with its fields, acks with and without words, an event
that is sent again, and connections that Slack renews.

slack_socket_mode.py BUILD         slack_socket_mode.py BUILD --rejects: a simulator that is spoilt on purpose is found out
"""
import json
import re
import sys

import peers
import spoil

PATIENCE = 60  # seconds for what must come
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
SLASH = {"token", "team_id", "team_domain", "channel_id", "channel_name", "user_id", "user_name", "command", "text", "api_app_id",
         "is_enterprise_install", "response_url", "trigger_id"}  # docs.slack.dev, "Slash commands": the payload's fields


def until(what, condition):
    from harness import wait_until
    return wait_until(what, condition, PATIENCE)


def frames(app, kind):
    """As they came, of this type."""
    parsed = [json.loads(f["text"]) for f in app.of("frame") if not f["binary"]]
    return [f for f in parsed if f.get("type") == kind]


def opening(_sim, app, findings):
    hello = frames(app, "hello")
    findings.expect(len(hello) == 1 and hello[0].get("num_connections") == 1 and hello[0].get("connection_info", {}).get("app_id", "")[:1] == "A"
                    and hello[0].get("debug_info", {}).get("approximate_connection_time", 0) > 60, f"hello is {hello}")
    order = [t["what"] for t in app.told if t["what"] in ("connecting", "authenticated", "connected")]
    findings.expect(sorted(order[:2]) == ["authenticated", "connecting"] and order[2:] == ["connected"], f"its states are {order}")


def envelopes(sim, app, findings):
    from harness import CHANNEL
    sim.slash("one")
    slash = until("a slash command", lambda: app.of("slash"))[0]
    findings.expect(UUID.match(slash.get("id", "")) and slash.get("may") is True,
                    f"its envelope: {slash.get('id')}, accepts_response_payload {slash.get('may')}")
    findings.expect(SLASH <= set(slash["body"]), f"a slash command lacks {SLASH - set(slash['body'])}")
    findings.expect((slash["body"].get("command"), slash["body"].get("text"), slash["body"].get("user_id"), slash["body"].get("channel_id")) ==
                    ("/cloudtak", "one", "U0ANA", CHANNEL), f"a slash command arrives as {slash['body']}")
    shown = until("the ack's words", lambda: [e for e in sim.of("ephemeral") if e["text"] == "acked one"])
    findings.expect(len(shown) == 1 and shown[0]["to"] == "U0ANA", f"the ack's words are shown as {shown}")

    sim.do(do="mention", user="bo", channel=CHANNEL, text="two")
    mention = until("a mention", lambda: app.of("mention"))[0]
    findings.expect(UUID.match(mention.get("id", "")) and mention.get("retries") == 0 and mention["event"].get("user") == "U0BO"
                    and mention["event"].get("channel") == CHANNEL and mention["event"].get("text", "").endswith("two")
                    and re.match(r"[0-9]{10}\.[0-9]{6}$", mention["event"].get("ts", "")), f"a mention arrives as {mention}")


def again(sim, app, findings):
    """An event without an ack comes again, in an envelope that says so."""
    from harness import CHANNEL
    sim.do(do="mention", user="bo", channel=CHANNEL, text="unheard")
    both = until("the event comes again", lambda: (lambda m: m if len(m) > 1 else None)(
        [m for m in app.of("mention") if m["event"].get("text", "").endswith("unheard")]))
    findings.expect(both[0]["event"] == both[1]["event"] and both[1].get("retries") == 1 and both[1].get("why") == "timeout",
                    f"an event comes again as {both[1]} after {both[0]}")


def renewals(sim, app, findings):
    for i, (act, reason) in enumerate((({"do": "refresh"}, "refresh_requested"), ({"do": "disconnect", "reason": "warning"}, "warning"))):
        before = len(app.of("connected"))
        sim.do(**act)
        until(f"connected again after {act}", lambda n=before: len(app.of("connected")) > n)
        told = frames(app, "disconnect")
        findings.expect(len(told) == i + 1 and told[-1].get("reason") == reason and told[-1].get("debug_info", {}).get("host"), f"disconnect is {told[-1:]}")
        sim.slash(f"after {i}")
        until(f"a command after {reason}", lambda n=i: [s for s in app.of("slash") if s["body"].get("text") == f"after {n}"])
        until("its ack", lambda n=i: [e for e in sim.of("ephemeral") if e["text"] == f"acked after {n}"])
        # the one that is renewed may not be gone yet
        findings.expect(frames(app, "hello")[-1].get("num_connections") in (1, 2), f"hello again is {frames(app, 'hello')[-1]}")


def judge(build, findings, acts, changes=()):
    found = peers.need_node(build)
    from harness import Sim
    sim = Sim(build)
    spoilt = spoil.Spoilt(sim.ready["slack_api"], changes)
    sim.ready["slack_api"] = spoilt.url
    app = peers.NodeApp(found, sim, "slack_socket_mode.js")
    try:
        until("the client is connected", lambda: (app.of("ready") and app.of("connected")) or app.of("error"))
        if not app.of("error"):
            for act in acts:
                act(sim, app, findings)
        sim.do(do="stats")
        stats = until("figures", lambda: sim.of("stats"))[0]
        findings.expect(stats["slack"]["unacked"] == 0, f"{stats['slack']['unacked']} envelopes were not acked")
        findings.expect(not sim.of("stray_frame"), f"frames that the simulator does not know: {sim.of('stray_frame')}")
        findings.expect(not [e for e in sim.events if "error" in e], f"the simulator complains: {sim.events[-5:]}")
        findings.expect(not app.of("error"), f"the client complains: {app.of('error')}")
    finally:
        findings.expect(app.close() == 0, "the client ends badly:\n" + "".join(app.noise[-20:]))
        sim.close()
        spoilt.close()
    return spoilt.unused()


REJECTS = [
    ([('"type":"hello"', '"type":"hallo"')], "the client is connected"),
    ([('"num_connections":1', '"num_connections":7')], "hello is"),
    ([('"response_url"', '"response_uri"')], "a slash command lacks {'response_url'}"),
    ([('"envelope_id"', '"envelope_iD"')], "its envelope: None"),
    ([('"accepts_response_payload":true', '"accepts_response_payload":null')], "accepts_response_payload None"),
    ([('"retry_attempt":0', '"retry_attempt":3')], "a mention arrives as"),
    ([('"type":"slash_commands"', '"type":"slash_command5"')], "not within 5 s: a slash command"),
]


def main():
    global PATIENCE
    build, findings = sys.argv[1], peers.Findings()
    if "--rejects" not in sys.argv:
        judge(build, findings, (opening, envelopes, again, renewals))
        return findings.finish("slack_socket_mode")
    PATIENCE = 5
    spoil.must_find(findings, REJECTS, lambda changes, found: judge(build, found, (opening, envelopes), changes))
    return findings.finish("slack_socket_mode --rejects")


if __name__ == "__main__":
    sys.exit(main())
