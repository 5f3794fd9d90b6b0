#!/usr/bin/env python3
"""What botocore's services_stable waiter (that of `aws ecs wait services-stable`) says of each scenario, and what ECS showed at that moment and half an hour later. A table for people; run by hand.

waiter.py BUILD [SCENARIO…]
"""
import concurrent.futures
import os
import subprocess
import sys
import tempfile
import time

import peers

CLUSTER, SERVICE = "tak-vpc-cotak-prod", "tak-cloudtak-cotak-prod"
SPEED = 100
DELAY, ATTEMPTS = 15, 40  # the waiter's own, in the world's time
LATER = 30 * 60
JOBS = 2


def scenarios(build):
    done = subprocess.run([os.path.join(build, "cloudtak-sim"), "--list"], capture_output=True, text=True, check=True)
    return [line.split()[0] for line in done.stdout.splitlines()]


def client(endpoint, environment):
    import boto3
    return boto3.session.Session().client(
        "ecs", region_name="us-gov-east-1", endpoint_url=endpoint, aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"])


def wait(ecs, service):
    """stable, failed or timeout, with botocore's reason."""
    from botocore.exceptions import ClientError, WaiterError
    try:
        ecs.get_waiter("services_stable").wait(cluster=CLUSTER, services=[service],
                                               WaiterConfig={"Delay": DELAY / SPEED, "MaxAttempts": ATTEMPTS})
        return "stable"
    except WaiterError as error:
        return "timeout" if "Max attempts exceeded" in str(error) else f"failed ({error.kwargs.get('reason')})"
    except ClientError as error:
        return f"failed ({error.response['Error']['Code']})"


def truth(ecs, service, mine):
    """Our own deployment, and how many tasks run."""
    from botocore.exceptions import ClientError
    try:
        found = ecs.describe_services(cluster=CLUSTER, services=[service])["services"]
    except ClientError as error:
        return error.response["Error"]["Code"]
    if not found:
        return "MISSING"
    own = [d for d in found[0]["deployments"] if d["id"] == mine]
    state = f"{own[0]['status']} {own[0]['rolloutState']}" if own else "gone"
    return f"own deployment {state}, {found[0]['runningCount']} of {found[0]['desiredCount']} run"


def play(build, environment, scenario):
    from harness import Sim
    sim = Sim(build, scenario, SPEED)
    service = SERVICE + ("-stateful" if scenario.startswith("hub-") else "")
    try:
        ecs = client(sim.ready["aws"], environment)
        began = time.monotonic()
        mine = ecs.update_service(cluster=CLUSTER, service=service, forceNewDeployment=True)["service"]["deployments"][0]["id"]
        said = wait(ecs, service)
        after = (time.monotonic() - began) * SPEED
        then = truth(ecs, service, mine)
        time.sleep(max(0.0, LATER / SPEED - (time.monotonic() - began)))
        later = truth(ecs, service, mine)
    finally:
        sim.close()
    return f"{scenario}: waiter said {said} after {after:.0f} s of world time; {then}; after 30 min: {later}"


def main(build, chosen):
    peers.need_python(build)
    with tempfile.TemporaryDirectory() as home:
        environment = peers.aws_environment(home)
        os.environ.update(environment)
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            for run in [pool.submit(play, build, environment, s) for s in chosen or scenarios(build)]:
                print(run.result(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
