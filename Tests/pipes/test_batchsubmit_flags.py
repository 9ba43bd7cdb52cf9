"""batchsubmit's flags, statuses and limits, without a network."""

import json
import subprocess

import pytest
from support.batch_server import aws_environment
from support.tools import run, tool

# Nothing listens there: every request fails.
ENVIRONMENT = aws_environment("http://127.0.0.1:9")


def batchsubmit(*flags, stdin=b"", timeout=60, **environment):
    return run([tool("batchsubmit"), *flags], stdin=stdin, env={**ENVIRONMENT, **environment}, timeout=timeout)


@pytest.mark.parametrize("flags", [
    ["--nonsense"], ["file"], ["--images-per-child", "x"], ["--images-per-child", "0"], ["--max-array-size", "1"],
    ["--vcpu", "1", "--memory", "1024"], ["--vcpu", "1"], ["--job-name", "a b"], ["--attempts", "11"],
    ["--output-prefix", "output/"], ["--environment", "FIRST=1"], ["--tag", "x"], ["--status", "a b"],
    ["--status", "a", "--cancel", "a"], ["--lambda-response", "--wait"], ["--dry-run", "--wait"],
    ["--wait-timeout", "nan"], ["--depends-on", "a/b"]])
def test_called_wrongly_is_64(flags):
    result = batchsubmit(*flags)
    assert result.returncode == 64 and result.stdout == b"" and result.stderr


def test_what_is_not_configured_is_78():
    result = batchsubmit(JOB_QUEUE="")
    assert result.returncode == 78
    assert result.stderr == b"batchsubmit: --job-queue or JOB_QUEUE is needed\n"


def test_help_and_version():
    assert batchsubmit("--help").returncode == 0
    assert batchsubmit("--version").stdout.count(b".") == 2


@pytest.mark.parametrize("stdin, reason", [
    (b"hello", b"neither an event"), (b"{}", b"event of S3"), (b"s3://photos/a.jpg\nhello", b"line 2"),
    (b"s3://photos/input/\n", b"is a prefix"), (b"s3://p/a.jpg\n", b"line 1 is neither"),
    (b'{"bucket":"photos","key":""}\n', b"event of S3"), (b"\xff\xfe", b"neither an event"),
    (b'{"Records":[{"s3":{"bucket":{"name":"photos"},"object":{"key":"%"}},"eventName":"ObjectCreated:Put"}]}', b"key %"),
    (b'{"Records":[{"s3":{"bucket":{"name":"photos"},"object":{"key":"%1B%"}},"eventName":"ObjectCreated:Put"}]}', b"key"),
    (b"[" * 1_000_000, b"neither an event"), (b"x" * (26 << 20), b"an event of more than")])
def test_bad_input_is_65_in_one_line(stdin, reason):
    result = batchsubmit(stdin=stdin)
    assert result.returncode == 65
    assert reason in result.stderr and result.stderr.count(b"\n") == 1 and b"\x1b" not in result.stderr


def test_unreachable_is_75():
    result = batchsubmit(stdin=b"s3://photos/a.jpg\n", AWS_MAX_ATTEMPTS="2")
    assert result.returncode == 75 and result.stderr.count(b"\n") == 1


def test_no_credentials_is_78():
    result = batchsubmit(stdin=b"s3://photos/a.jpg\n", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert result.returncode == 78 and b"secret" not in result.stderr


def test_secrets_are_in_no_message():
    result = batchsubmit(stdin=b"s3://photos/a.jpg\n", AWS_MAX_ATTEMPTS="1", AWS_SECRET_ACCESS_KEY="Swordfish")
    assert result.returncode == 75 and b"Swordfish" not in result.stderr


@pytest.mark.parametrize("flags", [["--prefix-filter", "input/"], []])
def test_what_is_written_must_not_come_back(flags):
    key = b"input/a.jpg" if flags else b"manifests/a.jpg"
    result = batchsubmit(*flags, "--dry-run", stdin=b"s3://photos/" + key, MANIFEST_PREFIX="s3://photos/input/manifests"
                         if flags else "s3://photos/manifests")
    assert result.returncode == 78 and b"submitted again" in result.stderr


def test_a_hundred_thousand_images(tmp_path):
    records = "".join(
        json.dumps({"bucket": "photos", "key": f"input/{i:08}.jpg", "size": i, "etag": f"{i:032x}",
                    "lastModified": "2026-11-22T16:00:00.000Z"}) + "\n" for i in range(100_000))
    result = batchsubmit("--dry-run", "--images-per-child", "3", "--merge", stdin=records.encode())
    assert result.returncode == 0
    requests = [json.loads(line) for line in result.stdout.splitlines()]
    assert [request.get("arrayProperties", {}).get("size") for request in requests] == [10_000] * 3 + [3334, None]
    assert len(requests[-1]["dependsOn"]) == 4


def test_every_cut_of_an_event_is_65_or_a_success():
    event = json.dumps({"Records": [{"messageId": "m", "body": json.dumps({"Records": [
        {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "photos"}, "object": {"key": "a%2Bb.jpg"}}}]})}]})
    for length in range(0, len(event), 7):
        result = batchsubmit("--dry-run", stdin=event[:length].encode())
        assert result.returncode == (0 if length == 0 else 65)
    assert batchsubmit("--dry-run", stdin=event.encode()).returncode == 0


def test_a_full_disk_is_74():
    with open("/dev/full", "wb") as full:
        result = subprocess.run([tool("batchsubmit"), "--dry-run"], input=b"s3://photos/a.jpg\n", stdout=full,
                                stderr=subprocess.PIPE, env=ENVIRONMENT)
    assert result.returncode == 74
