#!/usr/bin/env python3
"""The AWS CLI, as operators type it, against the AWS simulator: what the runbook needs works and shows what it must, refusals read as at AWS, and the waiters agree that a restart ends.

aws_cli.py BUILD                   aws_cli.py BUILD --rejects: a simulator that is spoilt on purpose is found out
"""
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import time

import peers
import spoil

CLUSTER, SERVICE = "tak-vpc-cotak-prod", "tak-cloudtak-cotak-prod"
ARN = "arn:aws-us-gov:ecs:us-gov-east-1:000000000000:"
SPEED = 100


class Cli:
    def __init__(self, program, endpoint, environment):
        self.program, self.endpoint, self.environment = program, endpoint, environment

    def __call__(self, *words, **environment):
        done = subprocess.run([self.program, *words, "--endpoint-url", self.endpoint, "--output", "json"],
                              env={**self.environment, **environment}, capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None, done.stderr.strip()


def ecs(cli, *words, **environment):
    return cli("ecs", *words, **environment)


def holds(right, answer):
    """What lacks in an answer makes it wrong."""
    try:
        return right(answer)
    except (IndexError, KeyError, TypeError):
        return False


def reads(cli, findings, unspoilt=None):
    """Each: words, and what must be true of the answer. unspoilt: whom to ask for names, when cli's answers are spoilt."""
    cases = {
        "sts get-caller-identity": (["sts", "get-caller-identity"], lambda a: a["Account"] == "000000000000"
                                    and a["Arn"].startswith("arn:aws-us-gov:sts::000000000000:") and a["UserId"]),
        "list-clusters": (["ecs", "list-clusters"], lambda a: a["clusterArns"] == [ARN + "cluster/" + CLUSTER]),
        "describe-clusters": (["ecs", "describe-clusters", "--clusters", CLUSTER],
                              lambda a: a["clusters"][0]["status"] == "ACTIVE" and a["failures"] == []),
        "list-services, page by page": (["ecs", "list-services", "--cluster", CLUSTER, "--page-size", "1"],
                                        lambda a: len(a["serviceArns"]) == 3),
        "describe-services": (["ecs", "describe-services", "--cluster", CLUSTER, "--services", SERVICE, "nowhere"], described),
        "list-tasks, page by page": (["ecs", "list-tasks", "--cluster", CLUSTER, "--page-size", "1"],
                                     lambda a: len(a["taskArns"]) == 4),
        "list-tasks of a service": (["ecs", "list-tasks", "--cluster", CLUSTER, "--service-name", SERVICE],
                                    lambda a: len(a["taskArns"]) == 2),
        "describe-task-definition": (["ecs", "describe-task-definition", "--task-definition", SERVICE],
                                     lambda a: a["taskDefinition"]["family"] == SERVICE),
        "list-service-deployments": (["ecs", "list-service-deployments", "--cluster", CLUSTER, "--service", SERVICE],
                                     lambda a: [d["status"] for d in a["serviceDeployments"]].count("SUCCESSFUL") >= 4),
        "describe-alarms": (["cloudwatch", "describe-alarms", "--alarm-name-prefix", SERVICE + "-", "--state-value", "OK"],
                            lambda a: len(a["MetricAlarms"]) == 6),
        "describe-scalable-targets": (["application-autoscaling", "describe-scalable-targets", "--service-namespace", "ecs"],
                                      lambda a: [t["MinCapacity"] for t in a["ScalableTargets"]] == [2, 1]),
        "describe-images": (["ecr", "describe-images", "--repository-name", CLUSTER + "-cloudtak-api", "--image-ids", "imageTag=0f3c2b1a"],
                            lambda a: a["imageDetails"][0]["imageDigest"].startswith("sha256:")),
        **told_by_others(unspoilt or cli),
    }
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        runs = {name: (pool.submit(cli, *words), right) for name, (words, right) in cases.items()}
        for name, (run, right) in runs.items():
            status, answer, errors = run.result()
            findings.expect(status == 0 and holds(right, answer), f"{name}: status {status}, {errors or json.dumps(answer)[:400]}")


def told_by_others(cli):
    """What needs a name that only an answer gives: a target group, a task, a service deployment, the world's time."""
    there = ["--cluster", CLUSTER]
    group = ecs(cli, "describe-services", *there, "--services", SERVICE)[1]["services"][0]["loadBalancers"][0]["targetGroupArn"]
    task = ecs(cli, "list-tasks", *there, "--service-name", SERVICE)[1]["taskArns"][0]
    deployment = ecs(cli, "list-service-deployments", *there, "--service", SERVICE)[1]["serviceDeployments"][0]
    stream = f"{SERVICE}/api/{task.split('/')[-1]}"
    now = int(time.time())
    dimensions = [{"Name": "ClusterName", "Value": CLUSTER}, {"Name": "ServiceName", "Value": SERVICE}]
    query = [{"Id": "cpu", "MetricStat": {"Metric": {"Namespace": "AWS/ECS", "MetricName": "CPUUtilization",
                                                     "Dimensions": dimensions}, "Period": 60, "Stat": "Average"}}]
    return {
        "describe-target-health": (["elbv2", "describe-target-health", "--target-group-arn", group],
                                   lambda a: [t["TargetHealth"] for t in a["TargetHealthDescriptions"]] == [{"State": "healthy"}] * 2),
        "get-log-events": (["logs", "get-log-events", "--log-group-name", SERVICE, "--log-stream-name", stream, "--limit", "5"],
                           lambda a: len(a["events"]) == 5),
        "get-metric-data": (["cloudwatch", "get-metric-data", "--start-time", str(now - 900), "--end-time", str(now),
                             "--metric-data-queries", json.dumps(query)],
                            lambda a: 12 <= len(a["MetricDataResults"][0]["Values"]) <= 15),
        "describe-service-deployments": (["ecs", "describe-service-deployments", "--service-deployment-arns",
                                          deployment["serviceDeploymentArn"]],
                                         lambda a: a["serviceDeployments"][0]["deploymentCircuitBreaker"]["threshold"] == 3),
    }


def described(a):
    s = a["services"][0]
    return (s["serviceName"], s["status"], s["desiredCount"], s["runningCount"], len(s["deployments"])) == \
        (SERVICE, "ACTIVE", 2, 2, 1) and s["deployments"][0]["rolloutState"] == "COMPLETED" and \
        a["failures"] == [{"arn": f"{ARN}service/{CLUSTER}/nowhere", "reason": "MISSING"}] and \
        str(s["deployments"][0]["createdAt"])[:2] in ("17", "18", "20")  # epoch seconds by the CLI's first version, a date by its second


def refusals(cli, sim, findings):
    """Words, a piece of the environment, and the sentence of the CLI."""
    sim.do(do="weather", service="ecs", action="StopTask", kind="access-denied")
    there = ["--cluster", CLUSTER]
    cases = [
        (["ecs", "describe-services", "--cluster", "elsewhere", "--services", SERVICE], {},
         "An error occurred (ClusterNotFoundException) when calling the DescribeServices operation: Cluster not found."),
        (["ecs", "update-service", *there, "--service", "nowhere", "--force-new-deployment"], {},
         "An error occurred (ServiceNotFoundException) when calling the UpdateService operation: Service not found."),
        (["ecs", "list-tasks", *there, "--service-name", "nowhere"], {}, "(ServiceNotFoundException) when calling the ListTasks"),
        (["ecs", "stop-task", *there, "--task", "0" * 32], {},
         "An error occurred (AccessDeniedException) when calling the StopTask operation: User: "
         "arn:aws-us-gov:sts::000000000000:assumed-role/cloudtak-bot/rehearsal is not authorized to perform: ecs:StopTask"),
        (["ecs", "list-clusters"], {"AWS_SECRET_ACCESS_KEY": "wrong"}, "(InvalidSignatureException) when calling the ListClusters"),
        (["sts", "get-caller-identity"], {"AWS_SECRET_ACCESS_KEY": "wrong"},
         "(SignatureDoesNotMatch) when calling the GetCallerIdentity"),
        (["ecs", "list-clusters"], {"AWS_ACCESS_KEY_ID": "AKIASOMEBODYELSE0000"},
         "(UnrecognizedClientException) when calling the ListClusters"),
        (["sts", "get-caller-identity"], {"AWS_ACCESS_KEY_ID": "AKIASOMEBODYELSE0000"},
         "(InvalidClientTokenId) when calling the GetCallerIdentity"),
    ]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        runs = [(pool.submit(cli, *words, **environment), words, wanted) for words, environment, wanted in cases]
        for run, words, wanted in runs:
            status, answer, errors = run.result()
            # 254 by the CLI's second version, 255 by its first
            findings.expect(status in (254, 255) and answer is None and wanted in errors,
                            f"{' '.join(words[:2])}: status {status}, {errors}")
    sim.do(do="weather", service="ecs", action="StopTask", kind="clear")


def boto_client(endpoint, environment):
    import boto3
    return boto3.session.Session().client(
        "ecs", region_name="us-gov-east-1", endpoint_url=endpoint, aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"])


def changes(cli, client, findings):
    """A restart waited for by the CLI itself; a stopped task by botocore's waiter, with its pauses made short."""
    status, answer, errors = ecs(cli, "update-service", "--cluster", CLUSTER, "--service", SERVICE, "--force-new-deployment")
    began = time.monotonic()
    findings.expect(status == 0 and len(answer["service"]["deployments"]) == 2
                    and answer["service"]["deployments"][0]["rolloutState"] == "IN_PROGRESS", f"update-service: {status} {errors}")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waits = pool.submit(ecs, cli, "wait", "services-stable", "--cluster", CLUSTER, "--services", SERVICE)
        stopped(cli, client, findings)
        status, answer, errors = waits.result()
    findings.expect(status == 0 and answer is None, f"wait services-stable: status {status}, {errors}")
    print(f"the CLI's wait services-stable took {time.monotonic() - began:.1f} s")
    status, answer, errors = ecs(cli, "describe-services", "--cluster", CLUSTER, "--services", SERVICE)
    service = answer["services"][0]
    findings.expect(len(service["deployments"]) == 1 and service["runningCount"] == 2
                    and service["deployments"][0]["rolloutState"] == "COMPLETED", f"after the wait: {service['deployments']}")


def stopped(cli, client, findings):
    events = SERVICE + "-events"
    task = ecs(cli, "list-tasks", "--cluster", CLUSTER, "--service-name", events)[1]["taskArns"][0]
    status, answer, errors = ecs(cli, "stop-task", "--cluster", CLUSTER, "--task", task, "--reason", "by hand")
    findings.expect(status == 0 and answer["task"]["desiredStatus"] == "STOPPED" and answer["task"]["taskArn"] == task
                    and answer["task"]["stopCode"] == "UserInitiated", f"stop-task: {status} {errors} {answer}")
    client.get_waiter("tasks_stopped").wait(cluster=CLUSTER, tasks=[task], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    status, answer, errors = ecs(cli, "describe-tasks", "--cluster", CLUSTER, "--tasks", task, "0" * 32)
    findings.expect(status == 0 and answer["tasks"][0]["lastStatus"] == "STOPPED"
                    and "by hand" in answer["tasks"][0]["stoppedReason"]
                    and [f["reason"] for f in answer["failures"]] == ["MISSING"], f"describe-tasks: {status} {errors} {answer}")
    client.get_waiter("services_stable").wait(cluster=CLUSTER, services=[events], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    findings.cases += 2  # a waiter that gives up raises


def never_stable(build, environment, findings):
    """The waiter must also be able to say no: a world whose new tasks never start."""
    from botocore.exceptions import WaiterError
    from harness import Sim
    sim = Sim(build, "image-missing", SPEED)
    try:
        client = boto_client(sim.ready["aws"], environment)
        client.update_service(cluster=CLUSTER, service=SERVICE, forceNewDeployment=True)
        try:
            client.get_waiter("services_stable").wait(cluster=CLUSTER, services=[SERVICE],
                                                      WaiterConfig={"Delay": 1, "MaxAttempts": 8})
            findings.expect(False, "services_stable holds although no new task ever starts")
        except WaiterError as error:
            findings.expect("Max attempts exceeded" in str(error), f"services_stable ends with {error}")
        try:
            client.get_waiter("services_stable").wait(cluster=CLUSTER, services=["nowhere"])
            findings.expect(False, "services_stable holds for a service that is not there")
        except WaiterError as error:
            findings.expect("MISSING" in str(error), f"services_stable of nothing ends with {error}")
    finally:
        sim.close()


REJECTS = [  # all at once: each must be found by its name
    (("<Account>000000000000<", "<Account>000000000001<"), "sts get-caller-identity: "),
    (('"clusterArns"', '"clusterArnz"'), "list-clusters: "),
    (('"status":"ACTIVE"', '"status":"ABSENT"'), "describe-clusters: "),
    (('"nextToken"', '"nextTokem"'), "list-services, page by page: "),
    (('"runningCount":2', '"runningCount":1'), "describe-services: "),
    (('"taskArns"', '"taskArnz"'), "list-tasks of a service: "),
    (('"family"', '"famiIy"'), "describe-task-definition: "),
    (('"SUCCESSFUL"', '"SUCCESSFUI"'), "list-service-deployments: "),
    (("ClusterNotFoundException", "ClusterNotFoundExceptiom"), "ecs describe-services: "),
    (("ServiceNotFoundException", "ServiceNotFoundExceptiom"), "ecs update-service: "),
    (("is not authorized to perform", "is NOT authorized to perform"), "ecs stop-task: "),
    (("SignatureDoesNotMatch", "SignatureDoesNotMatcx"), "sts get-caller-identity: status"),
]


def rejects(found, build, environment, findings):
    from harness import Sim
    sim, told = Sim(build, "ok", SPEED), peers.Findings()
    spoilt = spoil.Spoilt(sim.ready["aws"], [change for change, _ in REJECTS])
    try:
        cli = Cli(found["aws"], spoilt.url, environment)
        reads(cli, told, Cli(found["aws"], sim.ready["aws"], environment))
        refusals(cli, sim, told)
    finally:
        sim.close()
        spoilt.close()
    findings.expect(not spoilt.unused(), f"never answered, so never spoilt: {spoilt.unused()}")
    for change, wanted in REJECTS:
        findings.expect([f for f in told.counts if f.startswith(wanted)], f"spoilt by {change}, and not found: {wanted!r}; found is {list(told.counts)}")


def judge(found, build, environment, findings):
    from harness import Sim
    sim = Sim(build, "ok", SPEED)
    try:
        cli = Cli(found["aws"], sim.ready["aws"], environment)
        reads(cli, findings)
        refusals(cli, sim, findings)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:  # while the CLI waits
            other = pool.submit(never_stable, build, environment, findings)
            changes(cli, boto_client(sim.ready["aws"], environment), findings)
            other.result()
    finally:
        sim.close()


def main():
    build, findings = sys.argv[1], peers.Findings()
    found = peers.need_python(build)
    act = rejects if "--rejects" in sys.argv else judge
    with tempfile.TemporaryDirectory() as home:
        environment = peers.aws_environment(home)
        os.environ.update(environment)
        act(found, build, environment, findings)
    return findings.finish("aws_cli" + (" --rejects" if act is rejects else ""))


if __name__ == "__main__":
    sys.exit(main())
