#!/usr/bin/env python3
"""The bot itself against moto's server, which checks signatures and policies: with the right key it works, with wrong ones it says which and changes nothing. moto rolls nothing out: it calls a deployment completed at once and lists no task, so no message may say that users are served by new tasks.

bot_on_moto.py BUILD
"""
import os
import subprocess
import sys

import peers

RESTART = "restart cotak prod"
STATUS = "status cotak prod"


def said(sim):
    from harness import words
    return [words(e) for e in sim.of("message", "update", "ephemeral")]


class Setting:
    """The bot with one key, moto as its AWS, the simulator as its chat; everything it sends to AWS is kept."""

    def __init__(self, build, peer, key):
        import moto_peer
        import proxy
        from harness import Bot, Sim, Trouble
        self.sim = Sim(build, speed=1)
        self.recorder = proxy.Proxy(peer.url)
        self.sim.ready["aws"] = self.recorder.url
        self.bot = Bot(build, self.sim)
        with open(self.bot.config, encoding="utf-8") as f:
            text = f.read()
        with open(self.bot.config, "w", encoding="utf-8") as f:
            f.write(text.replace("000000000000", moto_peer.ACCOUNT))
        self.bot.start(AWS_ACCESS_KEY_ID=key[0], AWS_SECRET_ACCESS_KEY=key[1])
        if not self.bot.wait_ready(60):
            raise Trouble("the bot did not start:\n" + "".join(self.bot.log[-20:]))

    def ask(self, text, answer):
        """What is said from now on, once one of it has the words."""
        from harness import wait_until
        before = len(said(self.sim))
        self.sim.slash(text)
        wait_until(f"{answer!r} after {text!r}", lambda: any(answer in w for w in said(self.sim)[before:]), 60)
        return said(self.sim)[before:]

    def statuses(self, action):
        import proxy
        return [e["status"] for e in self.recorder.kept
                if (proxy.header(e, "X-Amz-Target") or "").endswith("." + action)]

    def close(self):
        stopped = self.bot.stop()
        self.bot.close()
        self.sim.close()
        self.recorder.close()
        return stopped


def with_the_right_key(at, findings):
    status = "\n".join(at.ask(STATUS, "cotak prod api"))
    findings.expect("123456789012" in status and "2 of 2 running" in status, f"status: {status}")
    findings.expect("Users: not known. ECS counts 2 of 2 tasks as running, but lists none of them." in status,
                    f"status says what moto does not show: {status}")
    me = "\n".join(at.ask("whoami", "I act there as"))
    findings.expect("arn:aws-us-gov:iam::123456789012:user/all" in me, f"whoami: {me}")
    told = at.ask(RESTART, "DONE")
    findings.expect(at.statuses("UpdateService") == [200], f"UpdateService answered with {at.statuses('UpdateService')}")
    last = [w for w in told if "DONE" in w]
    # The last card, and the line of its own: moto's word, and what was not seen.
    for w in last:
        findings.expect("Users: not known." in w and "SERVED" not in w, f"a success is claimed that nobody saw: {w}")
    findings.expect(any("only ECS's word" in w for w in last), f"not told that no task was seen: {last}")


def with_a_wrong_secret(at, findings):
    refused(at, findings, "AWS refuses the signature of", "(SignatureDoesNotMatch)", "the secret key of environment is wrong")


def with_an_unknown_key(at, findings):
    refused(at, findings, "AWS does not accept the keys of environment", "(InvalidClientTokenId)", "put new AWS_ACCESS_KEY_ID")


def refused(at, findings, *sentence):
    for text, answer in ((STATUS, "Users: UNKNOWN"), (RESTART, "Not done; nothing was changed.")):
        told = "\n".join(at.ask(text, answer))
        findings.expect(all(part in told for part in sentence), f"{text}: {told}")
    findings.expect(at.statuses("UpdateService") == [], "UpdateService was sent with a key that AWS refuses")
    findings.expect(set(at.statuses("DescribeServices")) == {403}, f"DescribeServices: {at.statuses('DescribeServices')}")


def with_reads_only(at, findings):
    told = at.ask(RESTART, "NOT RESTARTED")
    end = [w for w in told if "NOT RESTARTED" in w]
    findings.expect("AWS does not let arn:aws-us-gov:iam::123456789012:user/reads do ecs:UpdateService in us-gov-east-1 "
                    "(AccessDenied)" in end[0], f"the refusal: {end[0]}")
    findings.expect(at.statuses("UpdateService") == [403], f"UpdateService answered with {at.statuses('UpdateService')}")
    findings.expect(not any("DONE" in w or "ECS has taken the order" in w for w in told), f"success is claimed: {told}")


def same_service(peer, before, findings):
    """What moto itself has to say: one new deployment, by one call."""
    after = deployment(peer)
    findings.expect(after != before, "moto holds the deployment that it held before the restart")
    return after


def deployment(peer):
    import boto3
    import moto_peer
    key, secret = peer.keys["all"]
    ecs = boto3.session.Session().client("ecs", region_name=moto_peer.REGION, endpoint_url=peer.url, aws_access_key_id=key,
                                         aws_secret_access_key=secret)
    service = ecs.describe_services(cluster=moto_peer.CLUSTER, services=["tak-cloudtak-cotak-prod"])["services"][0]
    return [d["id"] for d in service["deployments"]]


def changes(build, peer, findings):
    """The client alone: what moto knows is done, what it does not know is refused in words, and nothing is taken for done."""
    import boto3
    import moto_peer
    name = "tak-cloudtak-cotak-prod"
    key, secret = peer.keys["all"]
    here = {"region_name": moto_peer.REGION, "endpoint_url": peer.url, "aws_access_key_id": key, "aws_secret_access_key": secret}
    ecs, autoscaling = boto3.session.Session().client("ecs", **here), boto3.session.Session().client("application-autoscaling", **here)
    target = {"ServiceNamespace": "ecs", "ResourceId": f"service/{moto_peer.CLUSTER}/{name}", "ScalableDimension": "ecs:service:DesiredCount"}
    autoscaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)
    ecs.register_task_definition(family=name, containerDefinitions=[{"name": "api", "image": "api:2", "memory": 512}])
    ecs.update_service(cluster=moto_peer.CLUSTER, service=name, taskDefinition=name + ":2")
    done = subprocess.run([os.path.join(build, "tests", "conformance", "conformance_changes"), peer.url, "scaling", "suspend", "scaling",
                           "count", "older", "previous", "back"], stdout=subprocess.PIPE, text=True, check=False, timeout=60,
                          env={**os.environ, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}, stdin=subprocess.DEVNULL)
    told = done.stdout
    for wanted in ("registered 1, 1 to 4, suspended 0 0 0", "scaling set: ok", "registered 1, 1 to 4, suspended 0 1 0", "count: ok",
                   "redeploy: ok"):
        findings.expect(wanted in told, f"the client on moto does not say {wanted!r}: {told}")
    findings.expect("previous: ok" not in told and "roll_back: ok" not in told, f"what moto does not know is taken for done: {told}")
    service = ecs.describe_services(cluster=moto_peer.CLUSTER, services=[name])["services"][0]
    findings.expect(service["desiredCount"] == 3 and service["taskDefinition"].endswith(":1"), f"moto holds {service}")
    seen = autoscaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"][0]
    findings.expect((seen["MinCapacity"], seen["MaxCapacity"]) == (1, 4), f"a switch changed the bounds: {seen}")


def main(build):
    found = peers.need_python(build)
    import moto_peer
    moto_peer.no_caller_settings()
    findings = peers.Findings()
    peer = moto_peer.Moto(found["moto_server"])
    try:
        first = deployment(peer)
        for key, act in ((peer.keys["all"], with_the_right_key), ((peer.keys["all"][0], "wrong"), with_a_wrong_secret),
                         (("AKIANOBODY0000000000", "wrong"), with_an_unknown_key), (peer.keys["reads"], with_reads_only)):
            at = Setting(build, peer, key)
            try:
                act(at, findings)
            finally:
                ended = at.close()
                findings.expect(ended == 0, f"{act.__name__}: the bot ended with {ended}:\n" + "".join(at.bot.log[-20:]))
            if act is with_the_right_key:
                second = same_service(peer, first, findings)
        findings.expect(deployment(peer) == second, "a refused restart changed something")
        changes(build, peer, findings)
    finally:
        peer.close()
    return findings.finish("moto")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
