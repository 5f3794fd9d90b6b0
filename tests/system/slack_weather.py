#!/usr/bin/env python3
"""Slack's bad weather: the real programs, with a Slack that answers wrongly, late or not at all. Each case says what the weather does and
what must then be read, by people in the chat or by operators in the log; nothing may be lost, said twice or tried without pause.

slack_weather.py BUILD GROUP…   groups: tokens posts refusals reads private sockets opening frames outage
"""
import json
import re
import sys
import time

from harness import CHANNEL, Trouble, wait_until, words
from weather import World, at_most, run

DM_OF_ANA = "D0SIMANA01"


def call(method, answer, count=1, **more):
    return {"method": method, "answer": answer, "count": count, **more}


def error(method, word, count=1, **more):
    return call(method, "error", count, error=word, **more)


# ---- tokens: refused for good

BOT_TOKEN = r"chat slack: Slack refuses the bot token \(%s\): at https://api\.slack\.com/apps \(OAuth & Permissions\) install the app .* setting bot_token"
APP_TOKEN = r"chat slack: Slack refuses the app token \(%s\): at https://api\.slack\.com/apps \(Basic Information, App-Level Tokens\) .* setting app_token"
DEAD_TOKENS = [
    ("auth.test", "invalid_auth", BOT_TOKEN), ("auth.test", "account_inactive", BOT_TOKEN), ("auth.test", "token_revoked", BOT_TOKEN),
    ("apps.connections.open", "invalid_auth", APP_TOKEN), ("apps.connections.open", "missing_scope", APP_TOKEN),
    ("apps.connections.open", "token_expired", APP_TOKEN),
]


def dead_token_at_start(build, method, word, sentence):
    with World(build, error(method, word, -1, needed="connections:write", provided="")) as w:
        w.bot.start()
        wait_until("the end", lambda: w.bot.died() is not None, 30)
        time.sleep(0.2)
        told = w.told(sentence % word)
        if w.bot.died() != 2 or len(told) != 1:
            raise Trouble(f"status {w.bot.died()}, told {told}:\n{w.log()}")
        at_most("calls", len(w.sim.of("weather")), 2)
        return told[0]


def dead_token_while_it_runs(build):
    """The restart goes on at ECS; the next start, with a good token, tells its end."""
    with World(build, speed=20) as w:
        w.start().begin_restart()
        w.weather(error("*", "account_inactive", -1))
        wait_until("the end", lambda: w.bot.died() is not None, 60)
        if w.bot.died() != 2 or len(w.told(BOT_TOKEN % "account_inactive")) != 1:
            raise Trouble(f"status {w.bot.died()}:\n{w.log()}")
        w.clear()
        w.start().end_restart()
        w.ends_well()


def one_of_two_platforms(build):
    """The dead one is loud, the other works."""
    with World(build) as w:
        second = f'  - {{ name: other, kind: slack, app_token: xapp-rehearsal-token, bot_token: xoxb-wrong, api_url: "{w.sim.ready["slack_api"]}" }}\n'
        w.configure("unsafe_endpoints", second + "unsafe_endpoints")
        w.start()
        w.expect_told(r"chat other: Slack refuses the bot token \(invalid_auth\).*; the other chats go on")
        w.begin_restart()
        w.end_restart()
        w.ends_well()


def tokens(build):
    for row in DEAD_TOKENS:
        yield " ".join(row[:2]), lambda row=row: dead_token_at_start(build, *row)
    yield "dead while it runs", lambda: dead_token_while_it_runs(build)
    yield "one of two platforms", lambda: one_of_two_platforms(build)


# ---- posts: the verdict of a running restart reaches its channel once, whatever the answers were

def delivered(build, rules, log=None):
    """The weather comes once the restart is followed, before its verdict."""
    with World(build, speed=60) as w:
        w.start().begin_restart()
        w.weather(*rules)
        w.end_restart(seconds=90)
        if not w.sim.of("weather"):
            raise Trouble("the weather was not felt")
        at_most("calls in the weather", len(w.sim.of("weather")), 40)
        told = w.expect_told(log, 5)[0] if log else ""
        w.ends_well()
        return told


POST = "chat.postMessage"
LATE = [
    ("ratelimited, Retry-After", [call(POST, "http", 2, status=429, retry_after=1)], r"waits, not posted yet .*asks to wait 1 s"),
    ("rate_limited as a word", [error(POST, "rate_limited")], None),
    ("internal_error, not posted", [error(POST, "internal_error", 2)], r"waits, not posted yet .*internal_error"),
    ("internal_error, posted", [error(POST, "internal_error", 2, executed=True)], None),
    ("fatal_error, posted", [error(POST, "fatal_error", executed=True)], None),
    ("HTTP 500, not posted", [call(POST, "http", 2, status=500)], r"waits, not posted yet .*HTTP 500"),
    ("HTTP 502, posted", [call(POST, "http", status=502, executed=True)], None),
    ("a page of HTML, posted", [call(POST, "html", executed=True)], r"is not Slack's JSON: does a proxy answer in its place\?"),
    ("truncated JSON, posted", [call(POST, "truncated", executed=True)], None),
    ("reset, posted", [call(POST, "reset", executed=True)], None),
    ("reset, not posted", [call(POST, "reset")], None),
    ("no answer, posted", [call(POST, "hang", executed=True)], None),
    ("slow", [call(POST, "slow", 2, ms=3000)], None),
    ("20 MiB of answer, posted", [call(POST, "huge", executed=True)], None),
    ("the look-up is throttled", [call(POST, "reset", executed=True), call("conversations.history", "http", 2, status=429, retry_after=1)],
     None),
    ("the look-up fails", [call(POST, "html", executed=True), error("conversations.history", "internal_error", 3)], None),
    ("missing_scope", [error(POST, "missing_scope", needed="chat:write", provided="commands")],
     r"waits, not posted yet .*chat\.postMessage needs the scope chat:write: add it to the app at Slack \(OAuth & Permissions\) and install the app again"),
    ("every edit throttled", [call("chat.update", "http", -1, status=429, retry_after=60)], r"waits, not edited yet"),
]


def posts(build):
    for name, rules, log in LATE:
        yield name, lambda rules=rules, log=log: delivered(build, rules, log)


# ---- refusals for good: plain text, then a direct message, then the log; nothing behind it waits

ROUNDABOUT = [
    ("is_archived", r"the channel is archived: unarchive it, or configure another channel"),
    ("channel_not_found", r"there is no such channel, or the bot is not in it: type /invite in the channel and choose the bot"),
    ("not_in_channel", r"the bot is not in the channel: type /invite there and choose the bot"),
    ("restricted_action", r"the workspace's settings forbid it: ask a Slack administrator to let the bot post in this channel"),
    ("invalid_blocks", r"Slack takes neither the blocks nor the plain text"),
    ("msg_too_long", r"the message is too long for Slack"),
    ("a_brand_new_word", r"Slack refuses it"),
]


def to_the_asker(build, word, sentence):
    with World(build, speed=60) as w:
        w.start().begin_restart()
        w.weather(error(POST, word, -1, channel=CHANNEL), error("chat.update", word, -1, channel=CHANNEL))
        verdict = w.end_restart(channel=DM_OF_ANA)
        shown = words(verdict)
        if not re.search(f"Sent to you only; channel {CHANNEL} does not show it: {sentence}", shown):
            raise Trouble(f"does not say why:\n{shown}")
        told = w.expect_told(f"goes out once more, as a direct message to U0ANA: .*{word}")
        at_most("lines about edits", len(w.told("message cannot be edited")), 2)
        w.ends_well()
        return told[0]


def plain_text(build, word):
    with World(build, speed=60) as w:
        w.start().begin_restart()
        w.weather(error(POST, word))
        w.end_restart()
        plain = [e for e in w.sim.of("message") if e["user"] == "U0BOT" and not e["blocks"]]
        if len(plain) != 1:
            raise Trouble(f"{len(plain)} messages in plain text")
        told = w.expect_told(f"goes out once more, as plain text: .*{word}")
        w.ends_well()
        return told[0]


def nobody_left(build):
    """Neither the channel nor the asker takes it: the log does, and others are answered."""
    with World(build, speed=60) as w:
        w.start().begin_restart()
        w.weather(error(POST, "is_archived", -1))
        told = w.expect_told(r"message cannot be posted in slack channel C0INCIDENT: .*is_archived", 60)
        w.sim.do(do="slash", user="bo", channel="C0GENERAL1", text="help")
        w.expect_said("restart TARGET", "C0GENERAL1")
        w.ends_well()
        return told[0]


def refusals(build):
    for word, sentence in ROUNDABOUT:
        yield word, lambda word=word, sentence=sentence: to_the_asker(build, word, sentence)
    for word in ("invalid_blocks", "msg_too_long"):
        yield f"{word}, then plain text", lambda word=word: plain_text(build, word)
    yield "nobody is left", lambda: nobody_left(build)


# ---- reads: what cannot be looked up is a refusal that says so, and changes nothing

MEMBER = r"Nothing was changed|nothing was changed"
LOOKUPS = [
    ("users.info", error("users.info", "missing_scope", -1, needed="users:read", provided="commands"),
     r"I could not check that you are a full member here: users\.info needs the scope users:read: add it to the app at Slack"),
    ("users.info", call("users.info", "http", -1, status=429, retry_after=30), r"full member here: Slack asks to wait 30 s before the next users\.info"),
    ("users.info", error("users.info", "internal_error", -1), r"full member here: Slack answers users\.info with internal_error"),
    ("users.info", error("users.info", "user_not_found", -1), r"full member here: there is no such user"),
    ("users.info", call("users.info", "http", -1, status=500), r"full member here: users\.info is answered with HTTP 500"),
    ("users.info", call("users.info", "html", -1), r"full member here: the answer to users\.info is not Slack's JSON: does a proxy answer"),
    ("users.info", call("users.info", "truncated", -1), r"full member here: the answer to users\.info is not Slack's JSON"),
    ("users.info", call("users.info", "reset", -1), r"full member here: users\.info: "),
    ("users.info", call("users.info", "hang", -1), r"full member here: users\.info: .*5 s"),
    ("users.info", call("users.info", "huge", -1), r"full member here: users\.info: "),
    ("conversations.info", error("conversations.info", "missing_scope", -1, needed="groups:read", provided="commands"),
     r"could not find out whether this channel is shared with another organisation: conversations\.info needs the scope groups:read"),
    ("conversations.info", error("conversations.info", "channel_not_found", -1),
     r"could not find out whether this channel is shared .*: there is no such channel, or the bot is not in it: type /invite"),
    ("conversations.info", call("conversations.info", "hang", -1), r"could not find out whether this channel is shared"),
    ("conversations.info", call("conversations.info", "http", -1, status=503), r"could not find out whether this channel is shared .*HTTP 503"),
]


def refused(build, rule, sentence):
    with World(build, rule, channels="any") as w:  # a channel listed by its id may be shared: nobody would have to know
        w.start()
        w.sim.slash("restart cotak prod")
        said = words(w.expect_said(MEMBER, seconds=40))
        if not re.search(sentence, re.sub(r"\s+", " ", said)):
            raise Trouble(f"reads instead:\n{said}")
        acks = wait_until("the ack", lambda: w.sim.of("ack"))
        if acks[0]["ms"] > 3000 or w.sim.aws("UpdateService"):
            raise Trouble(f"acked after {acks[0]['ms']} ms, UpdateService {len(w.sim.aws('UpdateService'))}")
        w.clear()
        w.sim.slash("restart cotak prod")  # the weather has cleared: nothing stays behind
        w.end_restart(seconds=90)
        w.ends_well()
        return said.splitlines()[1] if "\n" in said else said


def reads(build):
    for method, rule, sentence in LOOKUPS:
        name = f"{method} {rule.get('error') or rule.get('status') or rule['answer']}"
        yield name, lambda rule=rule, sentence=sentence: refused(build, rule, sentence)


# ---- answers for one person

def by_direct_message(build, word, sentence):
    with World(build, error("chat.postEphemeral", word, -1)) as w:
        w.start()
        w.sim.slash("targets")
        said = words(w.expect_said("cotak prod", DM_OF_ANA, 20))
        if not re.search(sentence, said):
            raise Trouble(f"does not say why:\n{said}")
        w.ends_well()
        return said.splitlines()[-2]


def where_it_was_never_invited(build):
    with World(build) as w:
        w.start()
        w.sim.do(do="slash", user="ana", channel="C0OUTSIDE1", text="targets")
        said = words(w.expect_said("cotak prod", DM_OF_ANA, 20))
        if "type /invite" not in said:
            raise Trouble(f"does not say what to do:\n{said}")
        w.ends_well()


def scope_comes_back(build):
    """Nothing is dropped while the scope is missing; it arrives when the app was installed again."""
    with World(build, error("chat.postEphemeral", "missing_scope", -1, needed="chat:write", provided="commands")) as w:
        w.start()
        w.sim.slash("targets")
        wait_until("the try", lambda: w.sim.of("weather"))
        w.clear()
        w.expect_said("cotak prod", seconds=60)
        w.ends_well()


def private(build):
    for word, sentence in (("not_in_channel", "type /invite there"), ("channel_not_found", "type /invite in the channel"),
                           ("user_not_in_channel", "the user is not in the channel"), ("is_archived", "the channel is archived")):
        yield word, lambda word=word, sentence=sentence: by_direct_message(build, word, sentence)
    yield "never invited", lambda: where_it_was_never_invited(build)
    yield "a scope comes back", lambda: scope_comes_back(build)


# ---- sockets

ANSWERED = "Restart .*TARGET|restart TARGET"


def asks(w, user="bo"):
    """A command comes, is acked and answered."""
    before = len(w.said("cotak prod", events=("ephemeral",)))
    w.sim.slash("targets", user)
    wait_until("an answer", lambda: len(w.said("cotak prod", events=("ephemeral",))) > before, 30)


def lost_and_found(build, act, log, seconds, which="", connects=8):
    """Connections go in a bad way while a restart runs; they come back, and the restart ends right."""
    with World(build, speed=20) as w:
        w.start()
        w.connected()
        w.begin_restart()
        before = w.stats()["sockets"]["connects"]
        if which == "one":
            w.weather({"act": act[0], "which": "one", **act[1]})
            asks(w)  # the other one serves
        elif act[0] == "drop":
            w.sim.do(do="drop")
        else:
            w.weather({"act": act[0], **act[1]})
        told = w.expect_told(log, seconds)[0]
        wait_until("new connections", lambda: w.stats()["sockets"]["connects"] > before, 60)
        w.connected()
        asks(w)
        w.end_restart(seconds=90)
        at_most("connects", w.stats()["sockets"]["connects"] - before, connects)
        w.ends_well()
        return told


DEAD = r"connection lost while serving: the WebSocket to 127\.0\.0\.1 is dead: nothing came for 28 s, not even an answer to pings"
LOST = [
    ("Close 1009", ("close", {"code": 1009}), r"127\.0\.0\.1 closed the WebSocket \(code 1009\)", 10, ""),
    ("Close 1001 of one", ("close", {"code": 1001}), r"closed the WebSocket \(code 1001\)", 10, "one"),
    ("reset of all", ("drop", {}), r"no connection to Slack is left: commands do not arrive until one is open again", 10, ""),
    ("one silent", ("silent", {}), DEAD, 45, "one"),
    ("all silent", ("silent", {}), DEAD, 45, ""),
]


def half_open(build):
    """It still sends and hears nothing: what it sends is answered once, although Slack sends it again elsewhere."""
    with World(build) as w:
        w.start()
        w.connected()
        w.weather({"act": "half_open", "which": "one"})
        for _ in range(4):
            w.sim.slash("targets", "bo")
        w.expect_told(DEAD, 45)
        w.connected()
        w.weather({"act": "drop", "which": "deaf"})  # Slack gives the ghost up, and sends again what that one was sent
        wait_until("all acked", lambda: w.stats()["slack"]["unacked"] == 0, 30)
        time.sleep(1)
        count = len(w.said("cotak prod", events=("ephemeral",)))
        if count != 4:
            raise Trouble(f"{count} answers to 4 commands")
        w.ends_well()


def sockets(build):
    for name, act, log, seconds, which in LOST:
        yield name, lambda act=act, log=log, seconds=seconds, which=which: lost_and_found(build, act, log, seconds, which)
    yield "half open", lambda: half_open(build)


# ---- opening: connections that do not come about. Both slots feel it; the waits are 0-0.25, 1, 2, 4 … s, or Slack's.

OPENING = [
    ("too_many_websockets", [{"socket": "crowded", "count": 2}], r"Slack counts too many connections of this app \(more than 10\): end other bots", 25, 6),
    ("no hello", [{"socket": "no_hello", "count": 2}], r"Slack took the connection and said no hello for 10 s", 25, 6),
    ("silent from the start", [{"socket": "silent", "count": 2}], r"no hello for 10 s", 25, 6),
    ("refused with 409", [{"socket": "refused", "status": 409, "count": 4}], r"refused the WebSocket with HTTP status 409", 20, 8),
    ("refused with 500", [{"socket": "refused", "status": 500, "count": 4}], r"refused the WebSocket with HTTP status 500", 20, 8),
    ("refused with 429", [{"socket": "refused", "status": 429, "count": 2}], r"refused the WebSocket with HTTP status 429", 45, 6),
    ("open throttled", [call("apps.connections.open", "http", 2, status=429, retry_after=3)], r"cannot connect: Slack asks to wait 3 s", 20, 6),
    ("open internal_error", [error("apps.connections.open", "internal_error", 4)], r"cannot connect: .*internal_error", 20, 8),
    ("open HTML", [call("apps.connections.open", "html", 2)], r"cannot connect: .*not Slack's JSON", 20, 6),
    ("open truncated", [call("apps.connections.open", "truncated", 2)], r"cannot connect: .*not Slack's JSON", 20, 6),
    ("open reset", [call("apps.connections.open", "reset", 2)], r"cannot connect: apps\.connections\.open", 20, 6),
    ("open 20 MiB", [call("apps.connections.open", "huge", 2)], r"cannot connect: apps\.connections\.open", 20, 6),
    ("open without answer", [call("apps.connections.open", "hang", 2)], r"cannot connect: apps\.connections\.open", 45, 6),
    ("auth.test HTTP 500", [call("auth.test", "http", 3, status=500)], r"not connected yet: auth\.test is answered with HTTP 500; next try in", 30, 6),
    ("auth.test throttled", [call("auth.test", "http", 1, status=429, retry_after=2)], r"not connected yet: Slack asks to wait 2 s", 30, 6),
]


def opens(build, rules, log, seconds, most):
    with World(build, *rules) as w:
        w.bot.start()
        told = w.expect_told(log)[0]
        w.connected(2, seconds)
        wait_until("ready", w.bot.is_ready)
        asks(w)
        sockets_now = w.stats()
        at_most("connects", sockets_now["sockets"]["connects"], most)
        at_most("calls of apps.connections.open", sockets_now["slack"]["calls"]["apps.connections.open"], most)
        w.ends_well()
        return told


def switched_off(build):
    """Every 60 s is enough; who stops the bot does not wait for it."""
    with World(build, {"socket": "disabled", "count": -1}) as w:
        w.bot.start()
        told = w.expect_told(r"Socket Mode is switched off for this app, so no command arrives: switch it on in the app's settings at Slack")
        time.sleep(12)
        at_most("connects", w.stats()["sockets"]["connects"], 2)
        w.ends_well()
        return told[0]


def without_pause(build):
    """20 s in which nothing opens: tries grow rarer; then it is as before."""
    with World(build) as w:
        w.start()
        w.connected()
        before = w.stats()["sockets"]["connects"]
        w.weather({"socket": "refused", "status": 500, "count": -1})
        w.sim.do(do="drop")
        time.sleep(20)
        tries = w.stats()["sockets"]["connects"] - before
        at_most("connects in 20 s", tries, 30)
        at_most("lines in 20 s", len(w.told("connection lost|cannot connect")), 34)
        w.clear()
        w.connected(2, 60)
        w.expect_told("commands can arrive, after .* without a connection")
        asks(w)
        w.ends_well()
        return f"{tries} tries in 20 s"


def opening(build):
    for name, rules, log, seconds, most in OPENING:
        yield name, lambda rules=rules, log=log, seconds=seconds, most=most: opens(build, rules, log, seconds, most)
    yield "link_disabled", lambda: switched_off(build)
    yield "nothing opens", lambda: without_pause(build)


# ---- frames: what cannot be handled is acked, once, and the connection stays

def envelope(number, kind, payload, **more):
    return json.dumps({"envelope_id": f"weather-{number}", "type": kind, "payload": payload, **more})


def event(**fields):
    return {"type": "event_callback", "team_id": "T0SIMTEAM1", "event_id": "Ev1", "event": fields}


FRAMES = [  # what is sent, and the id that must be acked
    ("binary", {"act": "binary", "text": "\x01\x02"}, None),
    ("empty", {"act": "frame", "text": ""}, None),
    ("not JSON", {"act": "frame", "text": "<html>"}, None),
    ("not an object", {"act": "frame", "text": "[1,2]"}, None),
    ("no type", {"act": "frame", "text": "{}"}, None),
    ("unknown type, no id", {"act": "frame", "text": '{"type":"surprise"}'}, None),
    ("warning without an end", {"act": "frame", "text": '{"type":"disconnect","reason":"warning"}'}, None),
    ("broken JSON with an id", {"act": "frame", "text": '{"envelope_id":"weather-1","payload":{"a":'}, "weather-1"),
    ("unknown type", {"act": "frame", "text": envelope(2, "surprise", {})}, "weather-2"),
    ("a command of nobody", {"act": "frame", "text": envelope(3, "slash_commands", {"text": "restart cotak prod"})}, "weather-3"),
    ("payload is a text", {"act": "frame", "text": envelope(4, "slash_commands", "text")}, "weather-4"),
    ("no inner event", {"act": "frame", "text": envelope(5, "events_api", {"type": "event_callback"})}, "weather-5"),
    ("app_rate_limited", {"act": "frame", "text": envelope(6, "events_api", {"type": "app_rate_limited", "minute_rate_limited": 1})}, "weather-6"),
    ("a modal", {"act": "frame", "text": envelope(7, "interactive", {"type": "view_submission", "view": {}}, accepts_response_payload=True)}, "weather-7"),
    ("a bot's message", {"act": "frame", "text": envelope(8, "events_api", event(type="app_mention", bot_id="B1", user="U0ANA", channel=CHANNEL,
                                                                               text="<@U0BOT> restart cotak prod", ts="1700000000.1"))}, "weather-8"),
    ("an edited message", {"act": "frame", "text": envelope(9, "events_api", event(type="app_mention", edited={}, user="U0ANA", channel=CHANNEL,
                                                                                 text="<@U0BOT> restart cotak prod", ts="1700000000.2"))}, "weather-9"),
    ("2 MiB, id at the head", {"act": "oversize", "envelope_id": "weather-10", "at": "head"}, "weather-10"),
    ("2 MiB, id at the tail", {"act": "oversize", "envelope_id": "weather-11", "at": "tail"}, "weather-11"),
    ("2 MiB without id", {"act": "oversize"}, None),
    ("20 pings", {"act": "ping"}, None),
]


def every_frame(build):
    with World(build) as w:
        w.start()
        w.connected()
        for name, act, acked in FRAMES:
            for _ in range(20 if act["act"] == "ping" else 1):
                w.weather({"which": "one", **act})
            if acked:
                wait_until(f"{name}: the ack", lambda acked=acked: [e for e in w.sim.of("stray_frame") if e["envelope_id"] == acked], 20)
            if name == "warning without an end":  # a third connection comes, the first stays
                wait_until("a third connection", lambda: w.stats()["connections"] >= 3, 20)
        asks(w)
        counts = {}
        for e in w.sim.of("stray_frame"):
            counts[e["envelope_id"]] = counts.get(e["envelope_id"], 0) + 1
        expected = {acked for _, _, acked in FRAMES if acked}
        if set(counts) != expected or set(counts.values()) != {1}:
            raise Trouble(f"acked: {counts}")
        closed = [e for e in w.sim.of("socket") if e["what"] == "closed"]
        if closed or w.sim.aws("UpdateService"):
            raise Trouble(f"{len(closed)} connections were closed, UpdateService {len(w.sim.aws('UpdateService'))}")
        w.ends_well()
        return f"{len(FRAMES)} frames, {len(expected)} acked once each"


def frames(build):
    yield "every kind", lambda: every_frame(build)


# ---- outage: everything of Slack is gone for a while, in the middle of a restart

def everything_gone(build):
    with World(build, speed=20) as w:
        w.start()
        w.connected()
        w.begin_restart()
        w.weather({"socket": "refused", "status": 503, "count": -1}, call("*", "http", -1, status=503))
        w.sim.do(do="drop")
        time.sleep(25)  # the restart ends meanwhile
        at_most("calls in 25 s", len(w.sim.of("weather")), 120)
        w.expect_told(r"waits, not posted yet in slack channel C0INCIDENT .*HTTP 503")
        w.clear()
        verdict = w.end_restart(seconds=90)
        w.connected(2, 60)
        asks(w)
        w.ends_well()
        return words(verdict).splitlines()[0]


def outage(build):
    yield "25 s", lambda: everything_gone(build)


if __name__ == "__main__":
    sys.exit(run((tokens, posts, refusals, reads, private, sockets, opening, frames, outage)))
