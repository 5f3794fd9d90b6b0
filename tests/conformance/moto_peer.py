"""moto's server: an AWS that others wrote, with signatures and policies checked."""
import json
import os
import socket
import subprocess
import tempfile
import urllib.request

from harness import wait_until

import peers

ACCOUNT = "123456789012"  # moto's own
REGION = "us-gov-east-1"
CLUSTER = "tak-vpc-cotak-prod"
SERVICES = {"tak-cloudtak-cotak-prod": 2, "tak-cloudtak-cotak-prod-stateful": 1, "tak-cloudtak-cotak-prod-events": 1}
READS = ["ecs:Describe*", "ecs:List*", "sts:*"]


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Moto:
    """Holds the cluster and its services; self.keys: {"all" or "reads": (id, secret)} of users with that policy."""

    def __init__(self, program):
        self.home = tempfile.TemporaryDirectory()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = {**peers.aws_environment(self.home.name), "MOTO_ECS_SERVICE_RUNNING": "2"}
        self.process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port)], env=environment,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until("moto listens", lambda: listens(port) or self.process.poll() is not None, 90)
            self._fill()
        except BaseException:
            self.close()
            raise

    def client(self, name):
        import boto3
        return boto3.session.Session().client(name, region_name=REGION, endpoint_url=self.url,
                                              aws_access_key_id="setup", aws_secret_access_key="setup")

    def _fill(self):
        iam, ecs = self.client("iam"), self.client("ecs")
        self.keys = {}
        for user, actions in (("all", ["ecs:*", "sts:*", "application-autoscaling:*"]), ("reads", READS)):
            iam.create_user(UserName=user)
            key = iam.create_access_key(UserName=user)["AccessKey"]
            policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
            iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps(policy))
            self.keys[user] = key["AccessKeyId"], key["SecretAccessKey"]
        ecs.create_cluster(clusterName=CLUSTER)
        for name, count in SERVICES.items():
            ecs.register_task_definition(family=name, containerDefinitions=[{"name": "api", "image": "api:1", "memory": 512}])
            ecs.create_service(cluster=CLUSTER, serviceName=name, taskDefinition=name, desiredCount=count)
        # From the next request on every one is checked.
        ask = urllib.request.Request(self.url + "/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"})
        with urllib.request.urlopen(ask, timeout=20) as answer:
            answer.read()

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=20)
        self.home.cleanup()


def no_caller_settings():
    """boto3 in this process sees nothing of the caller's AWS settings."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
