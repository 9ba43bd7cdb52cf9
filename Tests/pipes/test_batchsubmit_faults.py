"""batchsubmit against a Batch that is throttled, broken, slow or stuck, and the ways a wait can end."""

import json
import os
import pty
import subprocess

import pytest
from support.batch_server import batch_server
from support.tools import run, tool


@pytest.fixture
def batch():
    with batch_server() as state:
        yield state


def submit(batch, *flags, images=3, stdin=None, timeout=60):
    if stdin is None:
        stdin = "".join(f"s3://photos/input/{i:06}.jpg\n" for i in range(images)).encode()
    return run([tool("batchsubmit"), *flags], stdin=stdin, env=batch.environment, timeout=timeout)


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def sqs(*bodies):
    return json.dumps({"Records": [{"messageId": f"m{i}", "body": body} for i, body in enumerate(bodies)]}).encode()


def s3_event(*keys):
    return json.dumps({"Records": [
        {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "photos"}, "object": {"key": key, "size": 1}}}
        for key in keys]})


@pytest.mark.parametrize("faults", [
    [429], [429, 429, 429], [(500, "ServerException")], [(503, "")], ["reset"], ["reset", 429, (502, "")]])
def test_throttling_and_server_errors_are_tried_again(batch, faults):
    batch.faults["submitjob"] = list(faults)
    result = submit(batch)
    assert result.returncode == 0, result.stderr
    assert len(batch.submitted) == 1 and len(lines(result)) == 1


@pytest.mark.parametrize("fault, status", [
    ((403, "AccessDeniedException"), 77), ((400, "ClientException"), 69), ((404, "ClientException"), 69)])
def test_refusals_are_final_and_have_their_status(batch, fault, status):
    batch.faults["submitjob"] = [fault] * 20
    result = submit(batch)
    assert result.returncode == status
    assert result.stdout == b"" and batch.calls == ["submitjob"]
    assert fault[1].encode() in result.stderr and result.stderr.count(b"\n") == 1


def test_throttling_without_end_is_try_again_later(batch):
    batch.environment["AWS_MAX_ATTEMPTS"] = "3"
    batch.faults["submitjob"] = [429] * 20
    result = submit(batch)
    assert result.returncode == 75
    assert batch.calls == ["submitjob"] * 3


def test_manifests_come_before_the_job_and_the_marker_after(batch):
    batch.faults["put"] = [(403, "AccessDenied")]
    result = submit(batch, "--images-per-child", "1")
    assert result.returncode == 77 and batch.submitted == []
    result = submit(batch, "--images-per-child", "1")
    assert result.returncode == 0
    assert "submitted" in batch.puts[-1] and len(batch.submitted) == 1


def test_a_batch_cut_short_goes_on_where_it_stopped(batch):
    flags = ["--images-per-child", "1", "--max-array-size", "2"]
    batch.faults["submitjob"] = [None, None, (400, "ClientException")]
    first = submit(batch, *flags, images=7)
    assert first.returncode == 69 and len(lines(first)) == 2
    second = submit(batch, *flags, images=7)
    assert second.returncode == 0 and len(lines(second)) == 4
    firsts = [v["value"] for r in batch.submitted for v in r["containerOverrides"]["environment"] if v["name"] == "FIRST"]
    assert firsts == ["0", "2", "4", "6"]
    assert lines(second)[:2] == lines(first)


def test_a_marker_that_cannot_be_written_does_not_undo_the_job(batch):
    batch.faults["put"] = [None, (403, "AccessDenied")]
    result = submit(batch)
    assert result.returncode == 0 and len(lines(result)) == 1
    assert b"cannot record" in result.stderr


def test_lambda_response_names_the_messages_to_come_again(batch):
    flags = ["--lambda-response", "--images-per-child", "1", "--max-array-size", "2"]
    batch.faults["submitjob"] = [None, (403, "AccessDeniedException")]
    # Four images in two arrays of two; the second is refused.
    event = sqs(s3_event("a.jpg"), s3_event("b.jpg", "c.jpg"), "no event", s3_event("d.jpg"))
    result = submit(batch, *flags, stdin=event)
    assert result.returncode == 0
    assert lines(result) == [{"batchItemFailures": [{"itemIdentifier": i} for i in ("m1", "m2", "m3")]}]


def test_lambda_response_is_the_only_line_whatever_was_submitted(batch):
    flags = ["--lambda-response", "--images-per-child", "1", "--max-array-size", "2"]
    result = submit(batch, *flags, stdin=sqs(s3_event(*(f"{i}.jpg" for i in range(9)))))
    assert result.returncode == 0 and len(batch.submitted) == 5
    assert result.stdout == b'{"batchItemFailures":[]}\n'
    # Where no queue is behind it, the status is what Lambda goes by.
    batch.faults["submitjob"] = [(403, "AccessDeniedException")]
    result = submit(batch, *flags, stdin=s3_event("z.jpg").encode())
    assert result.returncode == 77 and result.stdout == b""


def test_a_merge_that_was_refused_brings_every_message_again(batch):
    batch.faults["submitjob"] = [None, (403, "AccessDeniedException")]
    event = sqs(s3_event("a.jpg"), s3_event("b.jpg"))
    result = submit(batch, "--lambda-response", "--merge", stdin=event)
    assert lines(result) == [{"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]}]
    # The second delivery finds the first job submitted and adds what was missing.
    result = submit(batch, "--lambda-response", "--merge", stdin=event)
    assert lines(result) == [{"batchItemFailures": []}] and len(batch.submitted) == 2


def test_who_may_not_list_the_bucket_can_submit_all_the_same(batch):
    batch.faults["get"] = [(403, "AccessDenied")]
    result = submit(batch)
    assert result.returncode == 0 and len(batch.submitted) == 1
    assert b"cannot determine whether this was submitted before" in result.stderr


def test_no_more_than_50_submissions_a_second(batch):
    result = submit(batch, "--images-per-child", "1", "--max-array-size", "2", images=110)
    assert result.returncode == 0
    times = batch.submission_times
    assert len(times) == 55
    assert all(times[i + 50] - times[i] >= 0.99 for i in range(len(times) - 50))


def test_25001_images_one_a_child(batch):
    result = submit(batch, "--images-per-child", "1", images=25_001, timeout=240)
    assert result.returncode == 0, result.stderr
    assert [line["arraySize"] for line in lines(result)] == [10_000, 10_000, 5001]
    assert [line["images"] for line in lines(result)] == [10_000, 10_000, 5001]
    manifests = sorted(path for path in batch.objects if path.endswith(".ndjson"))
    assert len(manifests) == 25_001
    assert manifests[-1].endswith("/25000.ndjson")
    assert len(set(batch.objects[path] for path in manifests)) == 25_001


# Waiting.

def test_waits_for_success(batch):
    states = ["SUBMITTED", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]
    batch.states = lambda job, asked: states[min(asked, 4)]
    result = submit(batch, "--wait")
    assert result.returncode == 0, result.stderr
    assert batch.calls.count("describejobs") == 5 and result.stderr == b""


def test_a_failed_wait_explains_the_children_with_their_logs(batch):
    def states(job, asked):
        if ":" in job:
            return {"status": "FAILED", "statusReason": "Essential container in task exited",
                    "container": {"exitCode": 65, "logStreamName": "stream", "reason": "OutOfMemoryError",
                                  "logConfiguration": {"options": {"awslogs-group": "/classify"}}}}
        for child in range(2):
            batch.jobs.setdefault(f"{job}:{child}", {"request": {"jobName": "x"}, "asked": 0})
        return {"status": "FAILED", "statusReason": "Array Child Job failed",
                "arrayProperties": {"size": 3, "statusSummary": {"FAILED": 2, "SUCCEEDED": 1}}}

    batch.states = states
    batch.logs["/classify", "stream"] = [f"line {i}\x1b[2J" for i in range(30)]
    result = submit(batch, "--wait", "--images-per-child", "1")
    assert result.returncode == 69
    text = result.stderr.decode()
    assert "2 of its children failed: Array Child Job failed" in text
    assert "OutOfMemoryError; exit status 65" in text
    assert text.count("log: line 29") == 2 and "line 19" not in text and "\x1b" not in text


def test_a_wait_ends_at_its_limit(batch):
    batch.states = lambda job, asked: "RUNNING"
    result = submit(batch, "--wait", "--wait-timeout", "2")
    assert result.returncode == 75
    assert b"1 of 1 jobs are still under way" in result.stderr


def test_a_job_stuck_in_runnable_is_explained(batch):
    batch.states = lambda job, asked: (
        {"status": "RUNNABLE", "statusReason": "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"}
        if asked < 3 else "SUCCEEDED")
    result = submit(batch, "--wait", "--runnable-warning", "1")
    assert result.returncode == 0
    assert result.stderr.count(b"MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE") == 1


def test_status_and_cancel(batch):
    id = lines(submit(batch))[0]["jobId"]
    batch.states = lambda job, asked: "RUNNING"
    result = run([tool("batchsubmit"), "--status", id], env=batch.environment)
    assert result.returncode == 0
    assert lines(result)[0]["status"] == "RUNNING" and lines(result)[0]["children"]["running"] == 1
    result = run([tool("batchsubmit"), "--status", id, "--status", "nobody"], env=batch.environment)
    assert result.returncode == 69 and len(lines(result)) == 1
    result = run([tool("batchsubmit"), "--cancel", id, "--cancel", f"{id}:1"], env=batch.environment)
    assert result.returncode == 0 and batch.terminated == [id, f"{id}:1"]


def test_a_terminal_sees_the_progress(batch):
    batch.states = lambda job, asked: "RUNNING" if asked < 1 else "SUCCEEDED"
    master, slave = pty.openpty()
    result = subprocess.run(
        [tool("batchsubmit"), "--wait"], input=b"s3://photos/input/a.jpg\n", stdout=subprocess.PIPE, stderr=slave,
        env={**os.environ, **batch.environment}, timeout=60)
    os.close(slave)
    shown = os.read(master, 65536).decode()
    os.close(master)
    assert result.returncode == 0
    assert "running 1" in shown and "succeeded 1" in shown


def test_a_gone_reader_does_not_submit_the_rest(batch):
    stdin = "".join(f"s3://photos/input/{i}.jpg\n" for i in range(400)).encode()
    child = subprocess.Popen(
        [tool("batchsubmit"), "--images-per-child", "1", "--max-array-size", "2"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, env={**os.environ, **batch.environment})
    child.stdout.close()
    child.stdin.write(stdin)
    child.stdin.close()
    assert child.wait(60) == -13 and 0 < len(batch.submitted) < 5
