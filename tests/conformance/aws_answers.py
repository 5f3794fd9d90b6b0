#!/usr/bin/env python3
"""Every kind of answer of the AWS simulator, read by botocore and walked along AWS's models: those of the recording, and of calls made here for what the bot does not ask, errors included.

aws_answers.py BUILD             aws_answers.py BUILD --rejects
"""
import base64
import json
import os
import sys
import tempfile
import time

import peers

CLUSTER, SERVICE = "tak-vpc-cotak-prod", "tak-cloudtak-cotak-prod"
SPEED = 100
ACTIONS = {"DescribeServices", "ListServices", "UpdateService", "ListTasks", "DescribeTasks", "StopTask", "ListClusters",
           "DescribeClusters", "ListServiceDeployments", "DescribeServiceDeployments", "StopServiceDeployment",
           "DescribeTaskDefinition", "ContinueServiceDeployment", "GetCallerIdentity", "DescribeTargetHealth", "GetLogEvents",
           "GetMetricData", "DescribeAlarms", "DescribeImages", "DescribeServiceRevisions", "DescribeScalableTargets",
           "RegisterScalableTarget", "DescribeStacks"}
ERRORS = {"ClusterNotFoundException", "ServiceNotFoundException", "InvalidParameterException", "ClientException",
          "ServiceDeploymentNotFoundException", "ConflictException", "UnsupportedFeatureException", "InvalidSignatureException",
          "SignatureDoesNotMatch", "UnknownOperationException", "InvalidAction", "ThrottlingException", "TargetGroupNotFound",
          "ResourceNotFoundException", "ImageNotFoundException", "RepositoryNotFoundException", "ValidationException",
          "ExpiredTokenException", "ExpiredToken", "ValidationError"}


def client(service, endpoint, secret="rehearsal-secret-key-of-nobody"):
    import boto3
    from botocore.config import Config
    return boto3.session.Session().client(
        service, region_name="us-gov-east-1", endpoint_url=endpoint, aws_access_key_id="AKIAREHEARSAL0000000",
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False, connect_timeout=10, read_timeout=30))


def tried(call, **arguments):
    """Errors are answers too; the proxy keeps both."""
    from botocore.exceptions import ClientError
    try:
        return call(**arguments)
    except ClientError as error:
        return error.response


def ask_everything(ecs, sts):
    """A service at rest, one that rolls out, one that is rolled back; every action, right and wrong."""
    here = {"cluster": CLUSTER}
    tried(sts.get_caller_identity)
    tried(sts.get_session_token)
    tried(ecs.list_clusters)
    tried(ecs.list_clusters, maxResults=0)
    tried(ecs.describe_clusters, clusters=[CLUSTER, "elsewhere"])
    services = tried(ecs.list_services, **here)["serviceArns"]
    tried(ecs.list_services, **here, maxResults=1)
    tried(ecs.list_services, **here, nextToken="nonsense")
    tried(ecs.describe_services, **here, services=[*services, "nowhere"])
    tried(ecs.describe_services, **here, services=[])
    tried(ecs.describe_services, **here, services=["s"] * 11)
    tried(ecs.describe_services, cluster="elsewhere", services=services)
    tried(ecs.update_service, **here, service=SERVICE, forceNewDeployment=True)
    tried(ecs.update_service, **here, service=SERVICE, desiredCount=-1)
    tried(ecs.update_service, **here, service=SERVICE, taskDefinition=SERVICE + ":411")
    tried(ecs.update_service, **here, service=SERVICE, taskDefinition="nothing:1")
    tried(ecs.update_service, **here, service="nowhere")
    for pause in (0.2, 0.4, 0.6, 1.0):
        time.sleep(pause)  # the world runs on: tasks in other states
        for status in ("RUNNING", "STOPPED"):
            tasks = tried(ecs.list_tasks, **here, desiredStatus=status)["taskArns"]
            if tasks:
                tried(ecs.describe_tasks, **here, tasks=tasks[:100])
        tried(ecs.describe_services, **here, services=services)
    tried(ecs.list_tasks, **here, serviceName="nowhere")
    tried(ecs.list_tasks, cluster="elsewhere")
    tried(ecs.describe_tasks, **here, tasks=[])
    tried(ecs.describe_tasks, **here, tasks=["0" * 32])
    tried(ecs.describe_tasks, cluster="elsewhere", tasks=["0" * 32])
    tasks = tried(ecs.list_tasks, **here, serviceName=SERVICE)["taskArns"]
    tried(ecs.stop_task, **here, task=tasks[0], reason="to see it stop")
    tried(ecs.stop_task, **here, task="0" * 32)
    tried(ecs.stop_task, cluster="elsewhere", task=tasks[0])
    for arn in services:
        history = tried(ecs.list_service_deployments, **here, service=arn)["serviceDeployments"]
        arns = [d["serviceDeploymentArn"] for d in history]
        tried(ecs.describe_service_deployments, serviceDeploymentArns=[*arns[:19], arn + "/0"])
        revisions = [d["targetServiceRevisionArn"] for d in history]
        tried(ecs.describe_service_revisions, serviceRevisionArns=[*revisions[:19], arn + "/0"])
    tried(ecs.describe_service_revisions, serviceRevisionArns=[])
    tried(ecs.list_service_deployments, **here, service="nowhere")
    tried(ecs.list_service_deployments, cluster="elsewhere", service=SERVICE)
    tried(ecs.describe_service_deployments, serviceDeploymentArns=[])
    tried(ecs.describe_task_definition, taskDefinition=SERVICE)
    tried(ecs.describe_task_definition, taskDefinition=SERVICE + ":411")
    tried(ecs.describe_task_definition, taskDefinition="nothing:7")
    roll_back(ecs, here)
    tried(ecs.list_attributes, **here, targetType="container-instance")  # what the simulator does not do


def ask_around(endpoint, ecs):
    """What the other services say of the same world; CloudWatch in CBOR by botocore, and in JSON as the bot speaks it."""
    elbv2, logs, ecr, cloudwatch = (client(s, endpoint) for s in ("elbv2", "logs", "ecr", "cloudwatch"))
    here = {"cluster": CLUSTER}
    services = tried(ecs.describe_services, **here, services=[SERVICE, SERVICE + "-stateful"])["services"]
    for service in services:
        group = service["loadBalancers"][0]["targetGroupArn"]
        tried(elbv2.describe_target_health, TargetGroupArn=group)
        tried(elbv2.describe_target_health, TargetGroupArn=group + "0")
    for status in ("RUNNING", "STOPPED"):
        for arn in tried(ecs.list_tasks, **here, serviceName=SERVICE, desiredStatus=status)["taskArns"][:3]:
            tried(logs.get_log_events, logGroupName=SERVICE, logStreamName=f"{SERVICE}/api/{arn.split('/')[-1]}", limit=20)
    tried(logs.get_log_events, logGroupName=SERVICE, logStreamName="nothing")
    tried(logs.get_log_events, logGroupName="nothing", logStreamName="nothing")
    repository = CLUSTER + "-cloudtak-api"
    tried(ecr.describe_images, repositoryName=repository)
    tried(ecr.describe_images, repositoryName=repository, imageIds=[{"imageTag": "0f3c2b1a"}])
    tried(ecr.describe_images, repositoryName=repository, imageIds=[{"imageTag": "nothing"}])
    tried(ecr.describe_images, repositoryName="nothing")
    scale(client("application-autoscaling", endpoint))
    for name in (SERVICE, "nothing"):
        tried(client("cloudformation", endpoint).describe_stacks, StackName=name)
    now = int(time.time())
    for end in (now, now + 3600, 1):
        tried(cloudwatch.get_metric_data, MetricDataQueries=[query("CPUUtilization"), query("MemoryUtilization")],
              StartTime=now - 600, EndTime=end)
    tried(cloudwatch.describe_alarms, AlarmNamePrefix=SERVICE + "-", StateValue="INSUFFICIENT_DATA")
    tried(cloudwatch.describe_alarms, MaxRecords=1000)
    in_json(endpoint, "DescribeAlarms", {"AlarmNamePrefix": SERVICE + "-"})
    in_json(endpoint, "DescribeAlarms", {"MaxRecords": 1000})
    in_json(endpoint, "GetMetricData", {"MetricDataQueries": [query("CPUUtilization")], "StartTime": now - 600, "EndTime": now})


def scale(autoscaling):
    """Read, suspended, read again, resumed; and what has no scalable target."""
    here = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
    tried(autoscaling.describe_scalable_targets, **here)
    for name, suspended in ((SERVICE, True), (SERVICE, False), (SERVICE + "-stateful", True)):
        resource = f"service/{CLUSTER}/{name}"
        tried(autoscaling.register_scalable_target, **here, ResourceId=resource,
              SuspendedState={"DynamicScalingInSuspended": suspended, "DynamicScalingOutSuspended": suspended})
        tried(autoscaling.describe_scalable_targets, **here, ResourceIds=[resource])
    tried(autoscaling.describe_scalable_targets, ServiceNamespace="dynamodb")


def query(metric):
    dimensions = [{"Name": "ClusterName", "Value": CLUSTER}, {"Name": "ServiceName", "Value": SERVICE}]
    return {"Id": metric.lower(), "MetricStat": {"Metric": {"Namespace": "AWS/ECS", "MetricName": metric, "Dimensions": dimensions},
                                                 "Period": 60, "Stat": "Average"}}


def in_json(endpoint, action, body):
    """CloudWatch's JSON 1.0, which botocore does not choose by itself."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from botocore.httpsession import URLLib3Session
    request = AWSRequest(method="POST", url=endpoint + "/", data=json.dumps(body).encode(), headers={
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "GraniteServiceVersion20100801." + action})
    credentials = Credentials("AKIAREHEARSAL0000000", "rehearsal-secret-key-of-nobody")
    SigV4Auth(credentials, "monitoring", "us-gov-east-1").add_auth(request)
    URLLib3Session().send(request.prepare())


def pause_and_continue(ecs):
    """A deployment that a hook holds up, in each of its stages; then one that is sent back at the hook."""
    here, name = {"cluster": CLUSTER}, SERVICE + "-stateful"
    for action in ("CONTINUE", "ROLLBACK"):
        tried(ecs.update_service, **here, service=name, forceNewDeployment=True)
        newest = tried(ecs.list_service_deployments, **here, service=name)["serviceDeployments"][0]["serviceDeploymentArn"]
        end = time.monotonic() + 20
        while time.monotonic() < end:
            seen = tried(ecs.describe_service_deployments, serviceDeploymentArns=[newest])["serviceDeployments"][0]
            hooks = seen.get("lifecycleHookDetails")
            if hooks:
                break
            time.sleep(0.1)
        tried(ecs.continue_service_deployment, serviceDeploymentArn=newest, hookId=hooks[0]["hookId"], action=action)
        tried(ecs.continue_service_deployment, serviceDeploymentArn=newest, hookId=hooks[0]["hookId"], action=action)
        tried(ecs.describe_service_deployments, serviceDeploymentArns=[newest])
        tried(ecs.describe_services, **here, services=[name])
    tried(ecs.continue_service_deployment, serviceDeploymentArn=newest + "0", hookId="none", action="CONTINUE")


def expired(ecs, sts):
    """The answers of a world whose credentials end three minutes after the change."""
    tried(ecs.update_service, cluster=CLUSTER, service=SERVICE, forceNewDeployment=True)
    time.sleep(3 * 60 / SPEED + 0.2)
    tried(ecs.describe_services, cluster=CLUSTER, services=[SERVICE])
    tried(sts.get_caller_identity)


def alarmed(ecs):
    """A deployment that an alarm sends back after six minutes."""
    here = {"cluster": CLUSTER}
    tried(ecs.update_service, **here, service=SERVICE, forceNewDeployment=True)
    newest = tried(ecs.list_service_deployments, **here, service=SERVICE)["serviceDeployments"][0]["serviceDeploymentArn"]
    for pause in (0.1, 6 * 60 / SPEED):
        time.sleep(pause)
        tried(ecs.describe_services, **here, services=[SERVICE])
        tried(ecs.describe_service_deployments, serviceDeploymentArns=[newest])


def roll_back(ecs, here):
    service = SERVICE + "-stateful"
    tried(ecs.update_service, **here, service=service, forceNewDeployment=True)
    newest = tried(ecs.list_service_deployments, **here, service=service)["serviceDeployments"][0]["serviceDeploymentArn"]
    tried(ecs.stop_service_deployment, serviceDeploymentArn=newest, stopType="ABORT")
    tried(ecs.stop_service_deployment, serviceDeploymentArn=newest, stopType="ROLLBACK")
    tried(ecs.stop_service_deployment, serviceDeploymentArn=newest, stopType="ROLLBACK")
    tried(ecs.stop_service_deployment, serviceDeploymentArn=newest + "0")
    tried(ecs.describe_service_deployments, serviceDeploymentArns=[newest])


def calls_of_our_own(build):
    import proxy
    from harness import Sim
    kept = []
    for scenario in ("ok", "unhealthy", "rolled-back-by-alarm", "hook-paused", "expired-image", "credentials-expire"):
        sim = Sim(build, scenario, SPEED)
        recorder = proxy.Proxy(sim.ready["aws"])
        ecs, sts = client("ecs", recorder.url), client("sts", recorder.url)
        try:
            if scenario == "credentials-expire":
                expired(ecs, sts)
            elif scenario == "hook-paused":
                pause_and_continue(ecs)
            elif scenario == "rolled-back-by-alarm":
                alarmed(ecs)
            elif scenario != "expired-image":
                ask_everything(ecs, sts)
            if scenario != "credentials-expire":
                ask_around(recorder.url, ecs)
            tried(client("ecs", recorder.url, "wrong").list_clusters)
            tried(client("sts", recorder.url, "wrong").get_caller_identity)
        finally:
            recorder.close()
            sim.close()
        kept += recorder.kept
    return kept


def main(build):
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(peers.aws_environment(home))
        import awsmodel
        import proxy
        exchanges = calls_of_our_own(build)
    for session in proxy.load(os.path.join(peers.folder(build), "recording.jsonl")):
        exchanges += session["aws"]
    findings = peers.Findings()
    actions, errors = set(), set()
    for exchange in exchanges:
        if exchange["status"] is None:
            continue  # lost on purpose
        findings.cases += 1
        for what in awsmodel.judge_answer(exchange):
            findings.add(what)
        if exchange["status"] == 200:
            actions.add(awsmodel.operation(exchange).name)
        else:
            errors.add(awsmodel.error_code(exchange))
    findings.expect(ACTIONS <= actions, f"never answered with 200: {ACTIONS - actions}")
    findings.expect(ERRORS <= errors, f"never refused with: {ERRORS - errors}")
    print(f"{len(actions)} operations, errors {', '.join(sorted(errors))}")
    return findings.finish("aws_answers")


# ---- what the judge must find

def answer(body, action="DescribeServices", status=200, kind="application/x-amz-json-1.1", request_id=True):
    text = body if isinstance(body, str) else json.dumps(body)
    return {"method": "POST", "path": "/", "body": base64.b64encode(b"{}").decode(), "status": status,
            "headers": [["X-Amz-Target", "AmazonEC2ContainerServiceV20141113." + action]],
            "answer": base64.b64encode(text.encode()).decode(),
            "answer_headers": [["Content-Type", kind]] + ([["x-amzn-RequestId", "1"]] if request_id else [])}


def sts_answer(text, status=200):
    form = b"Action=GetCallerIdentity&Version=2011-06-15"
    return {**answer(text, status=status, kind="text/xml"), "headers": [], "body": base64.b64encode(form).decode()}


IDENTITY = ("<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"
            "<Arn>a</Arn><UserId>u</UserId><Account>1</Account></GetCallerIdentityResult>"
            "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>")


def rejects():
    import awsmodel
    findings = peers.Findings()

    def service(**what):
        return answer({"services": [{"serviceName": "s", "launchType": "FARGATE", **what}], "failures": []})

    good = {"a service": service(createdAt=1700000000.5), "an identity": sts_answer(IDENTITY),
            "an error": answer({"__type": "ClusterNotFoundException", "message": "m"}, status=400)}
    for name, exchange in good.items():
        findings.expect(not list(awsmodel.judge_answer(exchange)), f"refused, but good: {name}")
    bad = {
        "an unknown member": service(servicename="s"),
        "a wrong enumeration": service(launchType="LAMBDA"),
        "a text for a number": service(desiredCount="2"),
        "milliseconds": service(createdAt=1700000000500),
        "an unknown inner member": service(deployments=[{"id": "x", "state": "y"}]),
        "no list": answer({"services": {}}),
        "a wrong content type": answer({"services": []}, kind="application/json"),
        "no request id": answer({"services": []}, request_id=False),
        "an error that is none": answer({"__type": "NoSuchCluster", "message": "m"}, status=400),
        "an error of another operation": answer({"__type": "ServiceNotFoundException", "message": "m"}, "ListClusters", 400),
        "an error without words": answer({"__type": "ClusterNotFoundException"}, status=400),
        "an unknown element": sts_answer(IDENTITY.replace("UserId>", "UserID>")),
        "another namespace": sts_answer(IDENTITY.replace("2011-06-15", "2011-06-16")),
        "no result wrapper": sts_answer(IDENTITY.replace("GetCallerIdentityResult>", "Result>")),
    }
    for name, exchange in bad.items():
        findings.expect(list(awsmodel.judge_answer(exchange)), f"not found: {name}")
    return findings.finish("aws_answers --rejects")


if __name__ == "__main__":
    peers.need_python(sys.argv[1])
    sys.exit(rejects() if "--rejects" in sys.argv else main(sys.argv[1]))
