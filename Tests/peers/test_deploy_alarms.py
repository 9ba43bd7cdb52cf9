"""Every alarm of the stack fires by its fault, in MiniStack, and does not fire without it.

What MiniStack measures by itself (errors and throttles of functions) it measures here; of the rest the fault is made, what AWS
publishes of it is published, and MiniStack evaluates the alarm. It evaluates without dimensions, so that these are compared here.
"""

import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request

import boto3
import pytest

from support import stack_cloud
from support.tools import BIN, ROOT

# stack_cloud has put deploy/cloud on the path.
from gateway import Gateway  # noqa: E402

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ml@sha256:" + "0" * 64


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with stack_cloud.cloud(tmp_path_factory.mktemp("alarms"), "ministack") as it:
        done = it("aws", "cloudformation", "deploy", "--stack-name", "ml", "--template-file", str(ROOT / "deploy" / "stack.yaml"),
                  "--capabilities", "CAPABILITY_IAM", "--parameter-overrides", f"ImageUri={IMAGE}")
        assert done.returncode == 0, done.stderr
        yield it


@pytest.fixture(scope="module")
def client(cloud):
    def make(service):
        return boto3.client(service, endpoint_url=cloud.endpoint, region_name="eu-west-1", aws_access_key_id="123456789012",
                            aws_secret_access_key="secret")
    return make


@pytest.fixture(scope="module")
def outputs(cloud):
    return cloud.outputs("ml")


@pytest.fixture
def alarm(cloud, client):
    """The state of an alarm by its name in the template, and what it watches."""
    resources = cloud.aws("cloudformation", "describe-stack-resources", "--stack-name", "ml")["StackResources"]
    names = {entry["LogicalResourceId"]: entry["PhysicalResourceId"] for entry in resources}

    def look(name):
        (found,) = client("cloudwatch").describe_alarms(AlarmNames=[names[name]])["MetricAlarms"]
        return found

    look.names = names
    return look


def publish(client, alarm, name, values, namespace, metric, **dimensions):
    """What AWS publishes; the alarm must watch that metric with these dimensions."""
    watched = alarm(name)
    assert (watched["Namespace"], watched["MetricName"]) == (namespace, metric)
    assert {pair["Name"]: pair["Value"] for pair in watched["Dimensions"]} == dimensions
    client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[
        {"MetricName": metric, "Value": float(value), "Dimensions": watched["Dimensions"]} for value in values])
    return alarm(name)["StateValue"]


def test_there_are_these_alarms(alarm):
    assert {name for name in alarm.names if name.endswith("Alarm")} == {
        "ServerErrorAlarm", "LatencyAlarm", "ThrottleAlarm", "SubmitErrorAlarm", "SubmitFailureAlarm", "OldestUploadAlarm",
        "DeadLetterAlarm", "FailedJobAlarm", "BlockedQueueAlarm"}
    assert len(alarm.names) > 30


def test_age_of_the_oldest_upload_and_dead_letters(client, alarm, outputs):
    sqs, queue, dead = client("sqs"), outputs["inputQueue"], outputs["deadLetterQueue"]
    names = {url: url.rsplit("/", 1)[1] for url in (queue, dead)}

    def dead_letters():
        return int(sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"])

    def look():
        return publish(client, alarm, "DeadLetterAlarm", [dead_letters()], "AWS/SQS", "ApproximateNumberOfMessagesVisible",
                       QueueName=names[dead])

    assert look() != "ALARM"
    # Lambda's own reading would hide the message for a quarter of an hour each time.
    (mapping,) = client("lambda").list_event_source_mappings(FunctionName=outputs["submitFunction"])["EventSourceMappings"]
    client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    # A message that is received again and again, and never deleted.
    sqs.send_message(QueueUrl=queue, MessageBody='{"Records":[]}')
    sent, deadline = time.time(), time.monotonic() + 20
    while dead_letters() == 0 and time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0).get("Messages", []):
            sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert dead_letters() == 1 and look() == "ALARM"

    def age(seconds):
        return publish(client, alarm, "OldestUploadAlarm", [time.time() - sent + seconds], "AWS/SQS", "ApproximateAgeOfOldestMessage",
                       QueueName=names[queue])

    assert age(0) != "ALARM" and age(1801) == "ALARM"


def test_errors_of_the_submit_function(client, alarm, outputs):
    """MiniStack cannot run the image here, which is an error of the function's."""
    assert alarm("SubmitErrorAlarm")["Dimensions"] == [{"Name": "FunctionName", "Value": outputs["submitFunction"]}]
    answer = client("lambda").invoke(FunctionName=outputs["submitFunction"], Payload=b"{}")
    assert answer["FunctionError"]
    client("cloudwatch").put_metric_data(Namespace="other", MetricData=[{"MetricName": "evaluates all alarms", "Value": 1}])
    assert alarm("SubmitErrorAlarm")["StateValue"] == "ALARM"


def test_throttles(client, alarm, outputs):
    """No concurrency is left for the predict function."""
    function = client("lambda")
    assert alarm("ThrottleAlarm")["Dimensions"] == [{"Name": "FunctionName", "Value": outputs["predictFunction"]}]
    function.put_function_concurrency(FunctionName=outputs["predictFunction"], ReservedConcurrentExecutions=0)
    with pytest.raises(function.exceptions.TooManyRequestsException):
        function.invoke(FunctionName=outputs["predictFunction"], Payload=b"{}")
    assert publish(client, alarm, "ThrottleAlarm", [1], "AWS/Lambda", "Throttles", FunctionName=outputs["predictFunction"]) == "ALARM"


class Gone:
    """A function that has died."""

    def invoke(self, _):
        raise ConnectionRefusedError


def test_5xx_and_latency(client, alarm):
    """Requests to a gateway whose function has died; then as many as take too long for one in a hundred."""
    api = alarm.names["HttpApi"]
    gateway = Gateway(0, Gone())
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    statuses = []
    for _ in range(6):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{gateway.server_address[1]}/health").close()
        except urllib.error.HTTPError as error:
            statuses.append(error.code)
    gateway.shutdown()
    errors = [status // 100 == 5 for status in statuses]
    assert publish(client, alarm, "ServerErrorAlarm", errors[:5], "AWS/ApiGateway", "5xx", ApiId=api) != "ALARM"
    assert publish(client, alarm, "ServerErrorAlarm", errors[5:], "AWS/ApiGateway", "5xx", ApiId=api) == "ALARM"
    assert publish(client, alarm, "LatencyAlarm", [100] * 149 + [11000], "AWS/ApiGateway", "Latency", ApiId=api) != "ALARM"
    assert publish(client, alarm, "LatencyAlarm", [11000] * 6, "AWS/ApiGateway", "Latency", ApiId=api) == "ALARM"


def submit(keys, prefix):
    """What the submit role writes to its log of an upload, with an unreachable Batch."""
    records = [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {
        "bucket": {"name": "photos"}, "object": {"key": key, "size": 1, "eTag": "e", "sequencer": "1"}}} for key in keys]
    event = {"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": json.dumps({"Records": records})}]}
    done = subprocess.run(
        [ROOT / "deploy" / "submit-event", "--prefix-filter", prefix], input=json.dumps(event), capture_output=True, text=True, timeout=60,
        env={**os.environ, "PATH": f"{BIN}:/usr/bin:/bin", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "eu-west-1",
             "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_MAX_ATTEMPTS": "1", "JOB_QUEUE": "q", "JOB_DEFINITION": "d",
             "OUTPUT_PREFIX": "s3://photos/output/", "MANIFEST_PREFIX": "s3://photos/manifests/"})
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()


def test_failed_submissions(cloud, client, alarm, outputs):
    """By the metric filter's own pattern, over the lines that the real tools write."""
    logs, group = client("logs"), f"/aws/lambda/{outputs['submitFunction']}"
    (found,) = logs.describe_metric_filters(logGroupName=group)["metricFilters"]
    (transformation,) = found["metricTransformations"]
    watched = alarm("SubmitFailureAlarm")
    assert (transformation["metricNamespace"], transformation["metricName"]) == (watched["Namespace"], watched["MetricName"])
    logs.create_log_stream(logGroupName=group, logStreamName="s")

    def matches(lines):
        now = int(time.time() * 1000)
        # lambda-bootstrap writes the lines of a command after the request's id, or as messages of JSON.
        identity = "8e1c9f1e-0000-4000-8000-000000000000"
        forms = [f"{identity}: {line}" for line in lines] + [
            json.dumps({"level": "warn", "requestId": identity, "message": line}, separators=(",", ":")) for line in lines]
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now, "message": form} for form in forms])
        return len(logs.filter_log_events(logGroupName=group, filterPattern=found["filterPattern"])["events"])

    # An upload that is not below input/ is left out, and no failure.
    left_out = submit(["elsewhere/a.jpg"], "input/")
    assert left_out and matches(left_out) == 0
    failed = submit(["input/a.jpg", "input/b.jpg"], "input/")
    assert matches(failed) == 2 and '"messages":1' in failed[-1]
    value = float(transformation["metricValue"])
    assert publish(client, alarm, "SubmitFailureAlarm", [value], "ml", "SubmitFailures") == "ALARM"


def batch_event(kind, **detail):
    """As Batch's documents show it."""
    return json.dumps({
        "version": "0", "id": "c8f9c4b5-76e5-d76a-f980-7011e206042b", "detail-type": kind, "source": "aws.batch",
        "account": "123456789012", "time": "2026-01-11T23:36:40Z", "region": "eu-west-1",
        "resources": ["arn:aws:batch:eu-west-1:123456789012:job/4c7599ae-0a82-49aa-ba5a-4727fcce14a8"],
        "detail": {"jobName": "event-test", "jobId": "4c7599ae-0a82-49aa-ba5a-4727fcce14a8", **detail}})


@pytest.mark.parametrize("rule, name, event, others", [
    ("FailedJobRule", "FailedJobAlarm", batch_event("Batch Job State Change", status="FAILED", jobQueue="JobQueue"),
     [batch_event("Batch Job State Change", status="SUCCEEDED", jobQueue="JobQueue"),
      batch_event("Batch Job State Change", status="FAILED", jobQueue="another")]),
    ("BlockedQueueRule", "BlockedQueueAlarm",
     batch_event("Batch Job Queue Blocked", status="RUNNABLE", statusReason="MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", jobQueue="JobQueue"),
     [batch_event("Batch Job State Change", status="RUNNABLE", jobQueue="JobQueue"),
      batch_event("Batch Job Queue Blocked", status="RUNNABLE", jobQueue="another")])])
def test_events_of_batch(client, alarm, rule, name, event, others):
    """AWS counts a rule's matches by the rule's name; the queue is its logical name here, since MiniStack has none."""
    events = client("events")
    rule = alarm.names[rule].rsplit("/", 1)[-1]
    pattern = events.describe_rule(Name=rule)["EventPattern"]
    assert events.test_event_pattern(EventPattern=pattern, Event=event)["Result"]
    assert not any(events.test_event_pattern(EventPattern=pattern, Event=other)["Result"] for other in others)
    assert publish(client, alarm, name, [1], "AWS/Events", "TriggeredRules", RuleName=rule) == "ALARM"
