"""batchsubmit against moto's S3, SQS and Batch: real events, real requests, no Docker."""

import json

import pytest
from support.batch_account import BUCKET, account
from support.tools import run, tool


@pytest.fixture(scope="module")
def aws():
    with account() as it:
        yield it


def submit(aws, *flags, stdin, timeout=120):
    if not isinstance(stdin, bytes):
        stdin = stdin.encode() if isinstance(stdin, str) else json.dumps(stdin).encode()
    return run([tool("batchsubmit"), *flags], stdin=stdin, env=aws.environment, timeout=timeout)


def lines(result):
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def uris(name, count):
    return "".join(f"s3://{BUCKET}/input/{name}/{i:05}.jpg\n" for i in range(count))


def manifest(aws, line, number):
    folder = line["manifest"].split("/", 3)[3].rsplit("/", 1)[0]
    return [json.loads(record) for record in aws.text(f"{folder}/{number:05}.ndjson").splitlines()]


def variables(job):
    return {v["name"]: v["value"] for v in job["container"]["environment"]}


@pytest.fixture(scope="module")
def bucket_events(aws):
    """The messages that S3 really sends to a queue for odd keys, and what the keys are."""
    keys = ["input/a b.jpg", "input/a+b.jpg", "input/100%.jpg", "input/é猫.jpeg", "input/deep/er/x.JPG", "input/note.txt"]
    url = aws.sqs.create_queue(QueueName="uploads")["QueueUrl"]
    arn = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws.s3.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]})
    for key in keys:
        aws.s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    messages = []
    while received := aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        messages += received
        for message in received:
            aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    aws.s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={})
    bodies = [message["Body"] for message in messages]
    assert any("s3:TestEvent" in body for body in bodies) and len(bodies) == len(keys) + 1
    return bodies, keys[:5]


def sqs_batch(bodies):
    return {"Records": [{"messageId": f"m{i}", "body": body, "eventSource": "aws:sqs"} for i, body in enumerate(bodies)]}


def notification(body):
    return json.dumps({"Type": "Notification", "MessageId": "1", "TopicArn": "t", "Message": body})


def direct(bodies):
    return {"Records": [record for body in bodies for record in json.loads(body).get("Records", [])]}


def event_bridge(bodies):
    """EventBridge wraps one object an event; SQS behind it brings several."""
    from urllib.parse import unquote_plus

    entities = [record["s3"] for record in direct(bodies)["Records"]]
    return sqs_batch([json.dumps({
        "version": "0", "source": "aws.s3", "detail-type": "Object Created", "detail": {
            "bucket": {"name": entity["bucket"]["name"]},
            "object": {"key": unquote_plus(entity["object"]["key"]), "size": entity["object"]["size"],
                       "etag": entity["object"]["eTag"]}}}) for entity in entities])


@pytest.mark.parametrize("shape", [
    direct, sqs_batch, event_bridge, lambda bodies: sqs_batch([notification(body) for body in bodies]),
    lambda bodies: {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": body}} for body in bodies]}],
    ids=["s3", "sqs", "eventbridge", "sns-in-sqs", "sns"])
def test_every_shape_of_event_gives_the_manifest_that_can_be_read(aws, bucket_events, shape):
    bodies, keys = bucket_events
    line = lines(submit(aws, "--prefix-filter", "input/", "--resubmit", stdin=shape(bodies)))[0]
    assert (line["arraySize"], line["images"]) == (1, 5)
    records = manifest(aws, line, 0)
    assert [r["key"] for r in records] == sorted(keys, key=str.encode)
    for record in records:
        head = aws.s3.head_object(Bucket=record["bucket"], Key=record["key"])
        assert record["size"] == head["ContentLength"] and record["etag"] == head["ETag"].strip('"')


def test_the_listing_of_the_bucket_is_an_input(aws, bucket_events):
    listing = run([tool("s3sync"), "--list", f"s3://{BUCKET}/input/"], env=aws.environment)
    assert listing.returncode == 0, listing.stderr
    line = lines(submit(aws, stdin=listing.stdout))[0]
    assert [r["key"] for r in manifest(aws, line, 0)] == sorted(bucket_events[1], key=str.encode)


@pytest.mark.parametrize("count, flags, sizes", [
    (1, [], [1]), (2, ["--images-per-child", "1"], [2]), (10_000, ["--images-per-child", "100"], [100]),
    (10_000, [], [2]), (30, ["--images-per-child", "1", "--max-array-size", "10"], [10, 10, 10]),
    (21, ["--images-per-child", "1", "--max-array-size", "10"], [10, 10, 1])])
def test_jobs_as_batch_has_them(aws, count, flags, sizes):
    submitted = lines(submit(aws, *flags, "--resubmit", stdin=uris("jobs", count)))
    assert [line["arraySize"] for line in submitted] == sizes
    assert sum(line["images"] for line in submitted) == count
    jobs = aws.jobs([line["jobId"] for line in submitted])
    seen = []
    first = 0
    for line, job, size in zip(submitted, jobs, sizes):
        assert job["jobName"] == line["jobName"] and job["status"] == "SUCCEEDED"
        assert job.get("arrayProperties", {}).get("size", 1) == size
        assert variables(job)["FIRST"] == str(first)
        assert variables(job)["OUTPUT"] == "s3://photos/output"
        assert line["manifest"] == f"{variables(job)['MANIFEST']}/{first:05}.ndjson"
        for number in range(first, first + size):
            seen += [record["key"] for record in manifest(aws, line, number)]
        first += size
    assert seen == [uri.split("/", 3)[3] for uri in uris("jobs", count).split()]


def test_the_same_batch_twice_submits_once(aws):
    first = submit(aws, stdin=uris("twice", 5))
    shuffled = "".join(reversed((uris("twice", 5) + uris("twice", 2)).splitlines(True)))
    second = submit(aws, stdin=shuffled)
    assert lines(first) == lines(second) and b"submitted before" in second.stderr
    again = submit(aws, "--resubmit", stdin=shuffled)
    assert lines(again)[0]["jobId"] != lines(first)[0]["jobId"]
    other = submit(aws, "--environment", "CLASSIFY_OPTIONS=--top=1", stdin=uris("twice", 5))
    assert lines(other)[0]["jobId"] != lines(first)[0]["jobId"]


@pytest.mark.parametrize("stdin", [
    b"", b"\n\n", {"Service": "Amazon S3", "Event": "s3:TestEvent"}, {"Records": []}, uris("none", 3).replace("jpg", "png")])
def test_nothing_to_submit_is_a_success(aws, stdin):
    jobs = len(aws.batch.list_jobs(jobQueue="queue")["jobSummaryList"])
    assert lines(submit(aws, stdin=stdin)) == []
    result = submit(aws, "--lambda-response", stdin=stdin)
    assert result.stdout == b'{"batchItemFailures":[]}\n' and result.returncode == 0
    assert len(aws.batch.list_jobs(jobQueue="queue")["jobSummaryList"]) == jobs


def test_dry_run_prints_the_requests_and_touches_nothing(aws):
    before = aws.keys("manifests/")
    requests = lines(submit(
        aws, "--dry-run", "--merge", "--images-per-child", "1", "--max-array-size", "2", stdin=uris("dry", 3)))
    assert [request.get("arrayProperties") for request in requests] == [{"size": 2}, None, None]
    assert [len(request.get("dependsOn", [])) for request in requests] == [0, 0, 2]
    assert aws.keys("manifests/") == before


def test_waits_and_merges(aws):
    submitted = lines(submit(aws, "--wait", "--merge", "--images-per-child", "2", stdin=uris("merge", 3)))
    assert [line["arraySize"] for line in submitted] == [2, 1]
    merge = aws.jobs([submitted[1]["jobId"]])[0]
    assert variables(merge)["MERGE_PARTS"] == "2" and merge["dependsOn"] == [{"jobId": submitted[0]["jobId"]}]
    assert submitted[1]["output"] == submitted[0]["output"] + "predictions.ndjson"


def test_a_wait_ends_in_failure():
    with account(MOTO_SIMPLE_BATCH_FAIL_AFTER="0") as failing:
        result = submit(failing, "--wait", stdin=uris("failing", 1))
        assert result.returncode == 69 and b"1 of 1 jobs failed" in result.stderr
        assert len(result.stdout.splitlines()) == 1


def test_an_unknown_queue_is_refused(aws):
    result = submit(aws, "--job-queue", "nowhere", stdin=uris("queue", 1))
    assert result.returncode == 69 and b"nowhere" in result.stderr
