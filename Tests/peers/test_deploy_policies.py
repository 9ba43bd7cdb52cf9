"""The roles of stack.yaml against the requests that the tools really make, recorded on their way to moto."""

import json
import sys

import pytest

from support.batch_account import BUCKET, account
from support.batch_children import Child, children, run_all
from support.images import jpeg
from support.policy import Recorder, allows, needed
from support.tools import ROOT, run, tool

sys.path.insert(0, str(ROOT / "deploy" / "cloud"))

from moto_template import load  # noqa: E402

RESOURCES = load(ROOT / "deploy" / "stack.yaml")["Resources"]
BUCKET_ARN = f"arn:aws:s3:::{BUCKET}"
QUEUE, DEFINITION = "the-queue", "arn:aws:batch:eu-west-1:123456789012:job-definition/ml:7"
VALUES = {"Bucket.Arn": BUCKET_ARN, "AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012",
          "AWS::StackName": "ml"}


def resolved(value):
    """A resource of a policy as an ARN."""
    if isinstance(value, list):
        return [resolved(item) for item in value]
    if not isinstance(value, dict):
        return value
    (function, operand), = value.items()
    if function == "Fn::Sub":
        for name, text in VALUES.items():
            operand = operand.replace("${%s}" % name, text)
        return operand
    if function == "Fn::GetAtt":
        return VALUES.get(".".join(operand), "arn:" + ".".join(operand))
    return {"JobQueue": QUEUE}[operand]


def statements(role):
    found = [s for policy in RESOURCES[role]["Properties"]["Policies"] for s in policy["PolicyDocument"]["Statement"]]
    # Without --kms-key.
    return [{**statement, "Resource": resolved(statement["Resource"])} for statement in found if "Fn::If" not in statement]


def used(role, recorder):
    """Every request is allowed to the role; the Sids that allowed one."""
    assert recorder.requests
    granted = set()
    for method, path, query, _ in recorder.requests:
        for action, resource, context in needed(method, path, query, QUEUE, DEFINITION):
            sid = allows(statements(role), action, resource, context)
            assert sid, f"{role} may not {action} {resource} {context}"
            granted.add(sid)
    recorder.requests.clear()
    return granted


def event(*keys):
    """What SQS hands to the submit function."""
    records = [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": BUCKET}, "object": {"key": key, "size": 1, "eTag": "e", "sequencer": "1"}}} for key in keys]
    return json.dumps({"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": json.dumps({"Records": records})}]}).encode()


@pytest.fixture(scope="module")
def aws():
    with account() as it:
        recorder = Recorder(it.environment["AWS_ENDPOINT_URL"])
        it.environment["AWS_ENDPOINT_URL"] = recorder.address
        it.recorder = recorder
        for number in range(5):
            it.s3.put_object(Bucket=BUCKET, Key=f"input/{number}.jpg", Body=jpeg(number))
        yield it
        recorder.close()


def submit(aws, *words, stdin):
    done = run([tool("batchsubmit"), "--prefix-filter", "input/", *words], stdin=stdin, env=aws.environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def submitted(aws):
    """Requests of the submit role for an upload of five, delivered twice."""
    aws.recorder.requests.clear()
    body = event(*[f"input/{number}.jpg" for number in range(5)])
    for _ in range(2):
        assert json.loads(submit(aws, "--lambda-response", "--images-per-child", "2", stdin=body)) == {"batchItemFailures": []}
    return list(aws.recorder.requests)


def test_submit_role_may_do_what_batchsubmit_asks_and_no_more(aws, submitted):
    aws.recorder.requests[:] = submitted
    assert sum(path == "/v1/submitjob" for _, path, _, _ in submitted) == 1
    # Logs and the queue are Lambda's own; to tell missing from forbidden is nothing that is asked for by itself.
    assert {s["Sid"] for s in statements("SubmitRole")} - used("SubmitRole", aws.recorder) == {
        "WriteOwnLog", "EventSourceReadsQueue", "TellMissingFromForbidden"}


def test_the_marker_is_below_what_may_be_listed(submitted):
    """A marker that is not there is asked for before every submission: 404 with leave to list its place, else 403."""
    missing = [path for method, path, _, status in submitted if method == "GET" and status == 404]
    assert len(missing) == 1
    key = missing[0].removeprefix(f"/{BUCKET}/")
    assert key.startswith("manifests/")
    assert allows(statements("SubmitRole"), "s3:ListBucket", BUCKET_ARN, {"s3:prefix": key}) == "TellMissingFromForbidden"


@pytest.mark.parametrize("role, prefix, allowed", [
    ("SubmitRole", "manifests/", True), ("SubmitRole", "input/", False), ("SubmitRole", "", False), ("SubmitRole", None, False),
    ("SubmitRole", "manifestsx", False),
    ("JobRole", "input/a.jpg", True), ("JobRole", "manifests/", True), ("JobRole", "output/", True), ("JobRole", "", False),
    ("JobRole", "inputs/", False)])
def test_what_may_be_listed(role, prefix, allowed):
    context = {} if prefix is None else {"s3:prefix": prefix}
    assert (allows(statements(role), "s3:ListBucket", BUCKET_ARN, context) is not None) == allowed


def test_job_role_may_do_what_a_container_asks_and_no_more(aws):
    jobs = [json.loads(line) for line in submit(
        aws, "--images-per-child", "2", "--merge", "--job-name", "roles", "--resubmit",
        stdin="".join(f"s3://{BUCKET}/input/{number}.jpg\n" for number in range(5)).encode()).splitlines()]
    job, merge = aws.jobs([line["jobId"] for line in jobs])
    aws.s3.delete_object(Bucket=BUCKET, Key="input/4.jpg")
    aws.recorder.requests.clear()
    assert run_all(children(aws, job)) == [0, 0, 0] and run_all(children(aws, merge)) == [0]
    single = {"container": {"environment": [{"name": "INPUT_BUCKET", "value": BUCKET}, {"name": "FILE_NAME", "value": "1.jpg"}]}}
    assert Child(aws, single).run() == 0
    assert {s["Sid"] for s in statements("JobRole")} - used("JobRole", aws.recorder) == {"TellMissingFromForbidden"}


def test_an_evaluator_that_can_say_no():
    """The rules that the tests above stand on."""
    rules = [{"Sid": "one", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/in/*"]}]
    assert allows(rules, "s3:GetObject", "arn:aws:s3:::b/in/x", {}) == "one"
    for action, resource in [("s3:PutObject", "arn:aws:s3:::b/in/x"), ("s3:GetObject", "arn:aws:s3:::b/out/x"),
                             ("s3:GetObjectVersion", "arn:aws:s3:::b/in/x")]:
        assert allows(rules, action, resource, {}) is None
    with pytest.raises(AssertionError):
        needed("DELETE", f"/{BUCKET}/input/1.jpg", {}, QUEUE, DEFINITION)
