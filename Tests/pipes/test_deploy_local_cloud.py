"""The parts of the local cloud that are pure: events made of requests and messages, answers taken apart, variables of a child."""

import base64
import importlib.util
import json
import sys

import pytest

from support.tools import ROOT


def load(name):
    folder = ROOT / "deploy" / "cloud"
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location(f"deploy_cloud_{name}", folder / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(folder))


gateway, event_source, batch_runner = load("gateway"), load("event_source"), load("batch_runner")


def test_event_has_api_gateways_form():
    made = gateway.event("POST", "/predict%20x?a=1&b=", {"Content-Type": "image/jpeg", "Host": "h"}, b"\xff\xd8\x00")
    assert made["version"] == "2.0" and made["rawPath"] == "/predict x" and made["rawQueryString"] == "a=1&b="
    assert made["queryStringParameters"] == {"a": "1"}
    assert made["headers"] == {"content-type": "image/jpeg", "host": "h"}
    assert made["isBase64Encoded"] and base64.b64decode(made["body"]) == b"\xff\xd8\x00"
    assert made["requestContext"]["http"]["method"] == "POST"


@pytest.mark.parametrize("kind, encoded", [
    ("application/json", False), ("text/plain; charset=utf-8", False), ("image/jpeg", True),
    ("multipart/form-data; boundary=x", True), ("", True)])
def test_bodies_are_base64_unless_text(kind, encoded):
    assert gateway.event("POST", "/", {"content-type": kind}, b"x")["isBase64Encoded"] is encoded


@pytest.mark.parametrize("answer, expected", [
    (b'{"statusCode":200,"headers":{"a":"b"},"body":"x"}', (200, {"a": "b"}, b"x")),
    (b'{"statusCode":200,"isBase64Encoded":true,"body":"/9g="}', (200, {}, b"\xff\xd8")),
    (b'{"statusCode":204}', (204, {}, b""))])
def test_answer_is_taken_apart(answer, expected):
    assert gateway.response(answer) == expected


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"errorType":"Timeout"}', b"\xff"])
def test_what_is_not_an_answer_is_502(answer):
    assert gateway.response(answer)[0] == 502


@pytest.mark.parametrize("answer, names", [
    (b'{"batchItemFailures":[]}', set()), (b'{"batchItemFailures":[{"itemIdentifier":"b"}]}', {"b"}),
    (b"", {"a", "b"}), (b"null", {"a", "b"}), (b'{"errorType":"x"}', {"a", "b"}), (b'{"batchItemFailures":[1]}', {"a", "b"})])
def test_messages_not_taken(answer, names):
    assert event_source.refused(answer, {"a", "b"}) == names


class Queue:
    """One batch of messages, then none."""

    def __init__(self, bodies):
        self.waiting = [{"MessageId": f"m{n}", "ReceiptHandle": f"r{n}", "Body": body} for n, body in enumerate(bodies)]
        self.deleted = []

    def receive_message(self, **_):
        messages, self.waiting = self.waiting[:10], self.waiting[10:]
        return {"Messages": messages} if messages else {}

    def delete_message(self, ReceiptHandle, **_):  # noqa: N803 - boto3's name
        self.deleted.append(ReceiptHandle)


class Function:
    def __init__(self, answer):
        self.answer, self.events = answer, []

    def invoke(self, event):
        self.events.append(json.loads(event))
        return self.answer


def test_one_window_is_one_event_and_what_is_refused_stays():
    queue, function = Queue(["{}"] * 25), Function(b'{"batchItemFailures":[{"itemIdentifier":"m3"}]}')
    source = event_source.EventSource(queue, "url", "arn:aws:sqs:eu-west-1:1:q", function, window=0.2)
    assert source.step() == (25, {"m3"})
    assert len(function.events) == 1 and len(function.events[0]["Records"]) == 25
    assert function.events[0]["Records"][0]["eventSource"] == "aws:sqs"
    assert len(queue.deleted) == 24 and "r3" not in queue.deleted
    assert source.step() == (0, set()) and len(function.events) == 1


@pytest.mark.parametrize("index, expected", [
    (None, {"AWS_BATCH_JOB_ID": "j"}), (7, {"AWS_BATCH_JOB_ID": "j:7", "AWS_BATCH_JOB_ARRAY_INDEX": "7"})])
def test_variables_of_a_child(index, expected):
    runner = batch_runner.BatchRunner(None, "q", "entry", "log", {})
    job = {"jobId": "j", "jobQueue": "arn:x/q", "container": {"environment": [{"name": "FIRST", "value": "10000"}]}}
    assert runner.variables(job, index) == {"FIRST": "10000", "AWS_BATCH_JQ_NAME": "q", **expected}


@pytest.mark.parametrize("statuses, failed, runs", [([0], 0, 1), ([75, 75, 0], 0, 3), ([65], 1, 1), ([75] * 9, 1, 5)])
def test_only_try_again_later_is_tried_again(tmp_path, statuses, failed, runs):
    entry = tmp_path / "entry"
    table = " ".join(map(str, statuses))
    entry.write_text(f'#!/bin/bash\necho "$AWS_BATCH_JOB_ATTEMPT" >>{tmp_path}/runs\ns=({table})\nexit ${{s[AWS_BATCH_JOB_ATTEMPT - 1]}}\n')
    entry.chmod(0o755)
    runner = batch_runner.BatchRunner(None, "q", str(entry), tmp_path / "log", {})
    runner.new_jobs = lambda: [] if runner.done else [
        {"jobId": "j", "jobName": "n", "jobQueue": "q", "container": {"command": ["batch"]}}]
    assert runner.step() == [("n", 1, failed)]
    assert (tmp_path / "runs").read_text().split() == [str(n + 1) for n in range(runs)]
    assert runner.step() == []
