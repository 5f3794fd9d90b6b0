#!/usr/bin/env python3
"""/healthz, /readyz and /metrics of the real bot: what they say while all is well, and what when Slack or AWS is gone; /metrics is read by Prometheus' own
promtool (on PATH, or $CLOUDTAK_PROMTOOL), else by its Python client's parser.

metrics.py BUILD
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from harness import Bot, Sim, Trouble, get, wait_until

FAMILIES = """cloudtak_build_info process_start_time_seconds process_resident_memory_bytes process_cpu_seconds_total process_max_fds cloudtak_ready
cloudtak_loop_lag_max_seconds cloudtak_loop_lag_seconds cloudtak_requests_total cloudtak_duplicates_total cloudtak_operations cloudtak_outbox_messages
cloudtak_outbox_oldest_seconds cloudtak_store_commits_waiting cloudtak_slack_connections cloudtak_slack_connection_up cloudtak_slack_last_frame_age_seconds
cloudtak_slack_reconnects_total cloudtak_commands_total cloudtak_operations_ended_total cloudtak_people_limited_total cloudtak_chat_messages_total
cloudtak_slack_envelopes_total cloudtak_slack_acks_total cloudtak_slack_ack_seconds cloudtak_slack_calls_total cloudtak_aws_calls_total
cloudtak_aws_call_seconds cloudtak_aws_throttles_total cloudtak_aws_retries_total cloudtak_store_commit_seconds cloudtak_store_commits_total
cloudtak_audit_checks_total cloudtak_audit_altered_operations_total""".split()
SECRETS = ("xapp-rehearsal-token", "xoxb-rehearsal-token", "rehearsal-secret-key-of-nobody", "AKIAREHEARSAL0000000")
NO_JUDGE = 77


def samples(page):
    """{'name{labels}': value}"""
    found = {}
    for line in page.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            if name in found:
                raise Trouble(f"twice on the page: {name}")
            found[name] = float(value)
    return found


def must(condition, what):
    if not condition:
        raise Trouble(what)


def judged_by_promtool(page):
    tool = os.environ.get("CLOUDTAK_PROMTOOL") or shutil.which("promtool")
    if not tool:
        return None
    done = subprocess.run([tool, "check", "metrics"], input=page, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    must(done.returncode == 0 and not done.stdout.strip(), f"promtool: {done.stdout}")
    return "promtool"


def judged_by_parser(page):
    sys.path.append("/usr/lib/python3/dist-packages")  # Debian's, when this Python is another one
    try:
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError:
        return None
    families = list(text_string_to_metric_families(page))
    read = sum(len(f.samples) for f in families)
    must(read == len(samples(page)), f"the parser reads {read} samples of {len(samples(page))}")
    must(all(f.documentation and f.type != "unknown" for f in families), "a family without HELP or TYPE")
    return "prometheus_client"


def histograms_hold(page):
    """Buckets grow, +Inf is the count."""
    rows = samples(page)
    for name in {n.split("_bucket{")[0] for n in rows if "_bucket{" in n}:
        series = {}
        for n, value in rows.items():
            if n.startswith(name + "_bucket{"):
                series.setdefault(re.sub(r',?le="[^"]*"', "", n), []).append(value)
        for labels, buckets in series.items():
            key = labels.replace("_bucket", "_count").replace("{}", "")
            must(buckets == sorted(buckets), f"{labels}: buckets do not grow")
            must(rows.get(key) == buckets[-1], f"{key} is not its +Inf bucket")


def all_is_well(sim, url):
    status, headers, text = get(url, "/healthz")
    must((status, text) == (200, "ok\n"), f"/healthz: {status} {text}")
    wait_until("/readyz is 200", lambda: get(url, "/readyz")[0] == 200, 20)
    text = wait_until("AWS keys verified", lambda: next((t for t in [get(url, "/readyz")[2]] if "account 000000000000" in t), None), 20)
    lines = text.splitlines()
    must(lines[0] == "ready" and len(lines) == 4, f"/readyz: {text}")
    for line, part in zip(lines[1:], ("slack", "aws cotak prod", "store")):
        must(re.match(rf"{part}: ready since [0-9-]+ [0-9:]+ UTC \(.*\): ", line), f"/readyz says of {part}: {line}")


def figures_of_a_restart(sim, url):
    sim.slash("restart cotak prod")
    wait_until("the verdict", lambda: sim.posts("DONE"), 120)
    sim.slash("help")
    for n in range(30):
        sim.slash(f"geheimwort{n} {n}", user="bo")
    wait_until("all came", lambda: samples(get(url, "/metrics")[2])["cloudtak_requests_total"] == 32)
    wait_until("nothing waits", lambda: samples(get(url, "/metrics")[2])["cloudtak_outbox_messages"] == 0)
    status, headers, page = get(url, "/metrics")
    must(status == 200 and headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8", f"{status} {headers}")
    rows = samples(page)
    wanted = {
        'cloudtak_commands_total{command="restart",result="started"}': 1,
        'cloudtak_commands_total{command="help",result="answered"}': 1,
        'cloudtak_commands_total{command="none",result="not_understood"}': 20,
        "cloudtak_people_limited_total": 10,
        'cloudtak_operations_ended_total{command="restart",verdict="succeeded"}': 1,
        'cloudtak_operations{state="following"}': 0,
        'cloudtak_aws_calls_total{service="ecs",action="UpdateService",result="ok"}': len(sim.aws("UpdateService")),
        'cloudtak_slack_acks_total{chat="slack",result="written"}': 32,
        'cloudtak_slack_ack_seconds_count{chat="slack",kind="changing"}': 1,
        'cloudtak_slack_ack_seconds_count{chat="slack",kind="reading"}': 31,
        'cloudtak_slack_connections{chat="slack"}': 2,
        'cloudtak_ready{part="slack"}': 1,
        'cloudtak_build_info{version="0.1.0"}': 1,
    }
    for name, value in wanted.items():
        must(rows.get(name) == value, f"{name} is {rows.get(name)}, not {value}")
    slashes = sum(v for n, v in rows.items() if n.startswith('cloudtak_slack_envelopes_total{chat="slack",type="slash"'))
    posts = sum(v for n, v in rows.items() if n.startswith("cloudtak_chat_messages_total") and 'result="sent"' in n)
    must(slashes == 32, f"{slashes} slash envelopes of 32")
    must(posts >= 24, f"{posts} messages")
    must(rows['cloudtak_store_commits_total{result="ok"}'] == rows["cloudtak_store_commit_seconds_count"] > 5, "commits are not all timed")
    must(10e6 < rows["process_resident_memory_bytes"] < 1e9, "resident memory")
    missing = [f for f in FAMILIES if f"# HELP {f} " not in page or f"# TYPE {f} " not in page]
    must(not missing, f"not on the page: {missing}")
    must(not [s for s in (*SECRETS, "geheimwort") if s in page], "a secret or a person's words on the page")
    return page


def total(rows, name):
    """Over all labels."""
    return sum(v for n, v in rows.items() if n == name or n.startswith(name + "{"))


def figures_that_move(build):
    """A restart in bad weather: each figure that tells of trouble is seen away from zero, and where it is a level, at zero again."""
    sim = Sim(build, "throttled", speed=20)
    bot = Bot(build, sim)
    rows = lambda: samples(get(url, "/metrics")[2])  # noqa: E731
    try:
        bot.start()
        bot.wait_ready()
        url = bot.health()
        wait_until("both connections", lambda: rows()['cloudtak_slack_connections{chat="slack"}'] == 2)
        before = rows()
        for name in ("cloudtak_aws_throttles_total", "cloudtak_aws_retries_total", "cloudtak_slack_reconnects_total", "cloudtak_outbox_messages",
                     "cloudtak_outbox_oldest_seconds", "cloudtak_operations"):
            must(total(before, name) == 0, f"{name} is {total(before, name)} before anything happened")
        sim.slash("restart cotak prod")
        wait_until("one is followed", lambda: rows()['cloudtak_operations{state="following"}'] == 1)

        sim.do(do="slack_weather", method="chat.postMessage", answer="http", status=429, retry_after=2, count=1)
        sim.do(do="slack_weather", method="chat.postEphemeral", answer="http", status=429, retry_after=2, count=1)
        sim.slash("status cotak prod", user="bo")
        wait_until("a message waits", lambda: (lambda r: r["cloudtak_outbox_messages"] >= 1 and r["cloudtak_outbox_oldest_seconds"] > 0)(rows()))
        must(rows()['cloudtak_operations{state="following"}'] == 1, "the restart is not followed while a message waits")

        sim.do(do="drop")
        wait_until("connections made anew", lambda: total(rows(), "cloudtak_slack_reconnects_total") >= 2)
        wait_until("both connections again", lambda: rows()['cloudtak_slack_connections{chat="slack"}'] == 2)

        bot.process.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        bot.process.send_signal(signal.SIGCONT)
        wait_until("the stall is told", lambda: rows()["cloudtak_loop_lag_max_seconds"] >= 1)
        late = rows()
        must(late["cloudtak_loop_lag_seconds_sum"] >= 1 and late['cloudtak_loop_lag_seconds_bucket{le="1"}'] < late["cloudtak_loop_lag_seconds_count"],
             "the stall is not in the histogram of the loop's lag")

        wait_until("the verdict", lambda: sim.posts("DONE"), 120)
        wait_until("nothing waits", lambda: total(rows(), "cloudtak_outbox_messages") == 0)
        wait_until("nothing is followed", lambda: total(rows(), "cloudtak_operations") == 0)
        after = rows()
        for name in ("cloudtak_aws_throttles_total", "cloudtak_aws_retries_total", "cloudtak_slack_reconnects_total", "cloudtak_store_commit_seconds_sum",
                     "cloudtak_aws_call_seconds_sum", "cloudtak_slack_ack_seconds_sum", "process_cpu_seconds_total"):
            must(total(after, name) > total(before, name), f"{name} did not move: {total(after, name)}")
        must(after["cloudtak_outbox_oldest_seconds"] == 0, "a message is still called old")
        must(total(after, "cloudtak_aws_throttles_total") < total(after, "cloudtak_aws_calls_total"), "more throttles than calls")
        must(bot.stop() == 0, f"stopping ended with {bot.died()}:\n{''.join(bot.log[-20:])}")
        print(f"moved: {total(after, 'cloudtak_aws_throttles_total'):.0f} throttles, {total(after, 'cloudtak_slack_reconnects_total'):.0f} reconnects, "
              f"lag {late['cloudtak_loop_lag_max_seconds']:.1f} s, {after['cloudtak_store_commit_seconds_sum']:.3f} s in commits")
    finally:
        bot.close()
        sim.close()


def losses(sim, bot, url):
    """Slack and AWS go away: not ready, with the part, since when, and what to do; alive all the same."""
    sim.close()
    wait_until("/readyz is 503", lambda: get(url, "/readyz")[0] == 503, 40)
    status, _, text = get(url, "/readyz")
    must(text.startswith("NOT READY: 1 of 3 parts\n"), text)
    line = next(x for x in text.splitlines() if x.startswith("slack: "))
    must(re.match(r"slack: NOT READY since [0-9-]+ [0-9:]+ UTC \(.*\): no connection.*Next: ", line), line)
    must(get(url, "/healthz")[0] == 200, "/healthz is not 200 while Slack is away")
    must(samples(get(url, "/metrics")[2])['cloudtak_ready{part="slack"}'] == 0, "cloudtak_ready of slack is not 0")


def keys_that_nobody_takes(build):
    sim = Sim(build)
    bot = Bot(build, sim)
    try:
        bot.start(AWS_ENDPOINT_URL="http://127.0.0.1:1")
        bot.wait_ready()
        url = bot.health()
        wait_until("/readyz is 503", lambda: get(url, "/readyz")[0] == 503, 60)
        text = get(url, "/readyz")[2]
        must(re.search(r"^aws cotak prod: NOT READY since .*Next: .*get-caller-identity", text, re.M), text)
        must(re.search(r"^slack: ready ", text, re.M), text)
        must(bot.stop() == 0, f"stopping ended with {bot.died()}:\n{''.join(bot.log[-20:])}")
    finally:
        bot.close()
        sim.close()


def main():
    build = sys.argv[1]
    sim = Sim(build)
    bot = Bot(build, sim)
    try:
        bot.start()
        bot.wait_ready()
        url = bot.health()
        all_is_well(sim, url)
        page = figures_of_a_restart(sim, url)
        histograms_hold(page)
        judges = [j for j in (judged_by_promtool(page), judged_by_parser(page)) if j]
        losses(sim, bot, url)
        must(bot.stop() == 0, f"stopping ended with {bot.died()}:\n{''.join(bot.log[-20:])}")
    finally:
        bot.close()
        sim.close()
    keys_that_nobody_takes(build)
    figures_that_move(build)
    print(f"{len(samples(page))} samples, read by {' and '.join(judges) or 'nobody else'}")
    if not judges:
        print("skipped in part: neither promtool (Debian: prometheus) nor python3-prometheus-client is installed")
    return 0 if judges else NO_JUDGE


if __name__ == "__main__":
    sys.exit(main())
