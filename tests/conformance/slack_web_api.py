#!/usr/bin/env python3
"""Slack's own Web API client against the Slack simulator: every method that the bot calls succeeds, and fails with the errors that Slack documents; at a limit the client obeys Retry-After and gets through.

slack_web_api.py BUILD             slack_web_api.py BUILD --rejects: a simulator that is spoilt on purpose is found out
"""
import json
import os
import subprocess
import sys

import peers
import spoil

# method -> what must be in a success
SUCCESS = {
    "auth.test": lambda r: (r["user_id"], r["team_id"][:1], bool(r["bot_id"])) == ("U0BOT", "T", True),
    "apps.connections.open": lambda r: r["url"].startswith("ws://127.0.0.1:"),
    "chat.postMessage": lambda r: r["message"]["text"] == "one" and r["channel"] == "C0INCIDENT" and len(r["ts"].split(".")[1]) == 6,
    "chat.update": lambda r: r["text"] == "two" and r["message"]["blocks"][0]["text"]["text"] == "two",
    "in a thread": lambda r: r["message"]["thread_ts"] != r["ts"],
    "chat.postEphemeral": lambda r: r["message_ts"],
    "conversations.history": lambda r: [m["text"] for m in r["messages"]] == ["two"] and r["has_more"] is False,
    "conversations.replies": lambda r: [m["text"] for m in r["messages"]] == ["two", "three"],
    "conversations.info": lambda r: r["channel"]["id"] == "C0INCIDENT" and r["channel"]["is_member"] is True,
    "users.info": lambda r: (r["user"]["id"], r["user"]["deleted"], r["user"]["is_bot"], r["user"]["is_restricted"]) ==
    ("U0ANA", False, False, False),
    "usergroups.list": lambda r: r["usergroups"][0]["id"] == "S0ASE",
    "usergroups.users.list": lambda r: r["users"] == ["U0ANA", "U0BO"],
}


def run(found, sim, act):
    environment = {"PATH": os.environ["PATH"], "NODE_PATH": os.path.join(found["node_folder"], "node_modules"),
                   "HOME": found["node_folder"], "SLACK_API": sim.ready["slack_api"],
                   "BOT_TOKEN": "xoxb-rehearsal-token", "APP_TOKEN": "xapp-rehearsal-token"}
    done = subprocess.run([found["node"], os.path.join(peers.HERE, "slack_web_api.js"), act], env=environment, text=True,
                          capture_output=True, timeout=100, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise AssertionError(f"slack_web_api.js {act}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def methods(found, sim, findings):
    results = run(found, sim, "methods")
    for name, right in SUCCESS.items():
        got = results.get(name, {})
        try:
            good = got.get("ok") is True and right(got)
        except (KeyError, IndexError, TypeError) as trouble:
            good, got = False, f"{got} lacks {trouble}"
        findings.expect(good, f"{name}: {got}")
    # "users.info user_not_found": the method, the error that Slack documents for it, a number when there are more
    refusals = {n: r for n, r in results.items() if n not in SUCCESS}
    findings.expect(len(refusals) >= 22, f"only {len(refusals)} refusals were tried")
    for name, got in refusals.items():
        findings.expect(got.get("ok") is False and got.get("error") == name.split()[1], f"{name}: {got}")
        if name.split()[1] == "invalid_blocks":
            findings.expect(got["metadata"]["messages"][0].startswith("[ERROR]"), f"{name}: nothing says which block: {got}")


def limits(found, sim, findings):
    results = run(found, sim, "limits")
    posts = [results[f"post {i}"] for i in range(8)]
    findings.expect(all(p.get("ok") for p in posts), f"posts that never got through: {posts}")
    waits = results["waits"]
    findings.expect(waits and all(isinstance(w, int) and 1 <= w <= 30 for w in waits), f"Retry-After was read as {waits}")
    findings.expect(results["seconds"] >= max(waits or [0]), f"8 posts took {results['seconds']} s in spite of {waits}")
    findings.expect(len(sim.posts()) >= 8 and len({p["text"] for p in sim.posts()} & set("01234567")) == 8,
                    "a post came twice or never")
    findings.expect(results["rejected"] and all(r[0] == "slack_webapi_rate_limited_error" and r[1] >= 1 for r in results["rejected"]),
                    f"a client that does not wait is told {results['rejected']}")


def judge(build, findings, acts, changes=()):
    """Each act with a simulator of its own: the first one must find an empty channel."""
    found = peers.need_node(build)
    from harness import Sim
    unused = []
    for act in acts:
        sim = Sim(build)
        spoilt = spoil.Spoilt(sim.ready["slack_api"], changes)
        sim.ready["slack_api"] = spoilt.url
        try:
            act(found, sim, findings)
        finally:
            sim.close()
            spoilt.close()
        unused += spoilt.unused()
    return unused


def unlimited(found, sim, findings):
    sim.do(do="limits", on=False)
    methods(found, sim, findings)
    sim.do(do="revoke", scope="users:read")
    got = run(found, sim, "revoked")["users.info missing_scope"]
    findings.expect(got.get("error") == "missing_scope", f"without users:read: {got}")


REJECTS = [  # all at once: each must be found by its name
    (('"user_id":"U0BOT"', '"user_id":"U0BOX"'), "auth.test: "),
    (('"text":"one"', '"text":"onE"'), "chat.postMessage: "),
    (('"message_ts":', '"message_tz":'), "chat.postEphemeral: "),
    (('"has_more":false', '"has_more":true '), "conversations.history: "),
    (('"is_member":true', '"is_member":null'), "conversations.info: "),
    (('"is_restricted":false', '"is_restricted":true '), "users.info: "),
    (('"users":["U0ANA"', '"users":["U0BOB"'), "usergroups.users.list: "),
    (('"error":"channel_not_found"', '"error":"channel_not_fOUND"'), "chat.postMessage channel_not_found: "),
    (('"error":"user_not_found"', '"error":"nobody_found__"'), "users.info user_not_found: "),
    (('"error":"missing_scope"', '"error":"invalid_scope"'), "without users:read: "),
    (('[ERROR]', '[Error]'), "nothing says which block"),
]


def main():
    build, findings = sys.argv[1], peers.Findings()
    if "--rejects" not in sys.argv:
        judge(build, findings, (unlimited, limits))
        return findings.finish("slack_web_api")
    found = peers.Findings()
    unused = judge(build, found, (unlimited,), [change for change, _ in REJECTS])
    findings.expect(not unused, f"never answered, so never spoilt: {unused}")
    for change, wanted in REJECTS:
        findings.expect([f for f in found.counts if wanted in f], f"spoilt by {change}, and not found: {wanted!r}")
    spoil.must_find(findings, [([("retry-after: ", "retry-aftex: ")], "posts that never got through")],
                    lambda changes, found: judge(build, found, (limits,), changes))
    return findings.finish("slack_web_api --rejects")


if __name__ == "__main__":
    sys.exit(main())
