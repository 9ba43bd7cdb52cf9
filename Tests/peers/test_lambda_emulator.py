"""lambda-bootstrap under AWS's own runtime interface emulator."""

import json
import time

import pytest
from support.emulator import Emulator
from support.runtime_api import descriptors, resident
from support.tools import tool


@pytest.fixture
def run(tmp_path):
    def start(*command, **options):
        return Emulator(tmp_path, [tool("lambda-bootstrap"), *command], **options)
    return start


def test_normal(run):
    with run("--", "cat") as emulator:
        for body in (b'{"a": 1}', b'"' + b"x" * 5_000_000 + b'"'):
            assert emulator.invoke(body) == body


def test_error(run):
    with run("--", "bash", "-c", "echo reason >&2; exit 75") as emulator:
        for _ in range(2):
            body = json.loads(emulator.invoke())
            assert body["errorType"] == "Function.Retry" and body["errorMessage"] == "reason"
            assert body["stackTrace"] == ["bash exited with status 75"]


@pytest.mark.alone
def test_timeout(run):
    with run("--", "bash", "-c", "[ $(cat) = fast ] || sleep 60", timeout=2) as emulator:
        assert emulator.invoke(b"fast") == b""
        start = time.monotonic()
        body = json.loads(emulator.invoke(b"slow"))
        assert 1.5 < time.monotonic() - start < 2.0, "the error comes before the emulator's own timeout"
        assert body["errorType"] == "Function.Timeout"
        assert emulator.invoke(b"fast") == b""


def test_over_six_megabytes(run):
    with run("--", "bash", "-c", 'head -c "$(cat)" /dev/zero') as emulator:
        assert len(emulator.invoke(b"6291556")) == 6291556
        assert json.loads(emulator.invoke(b"6291557"))["errorType"] == "Function.ResponseSizeTooLarge"
        assert emulator.invoke(b"1") == b"\0"


def test_crash_in_init(run):
    with run("--http", "--", "bash", "-c", "echo no model >&2; exit 78") as emulator:
        body = json.loads(emulator.invoke())
        assert body["errorType"] == "Function.Configuration" and body["errorMessage"] == "no model"


def test_crash_in_an_event(run):
    with run("--", "bash", "-c", "[ $(cat) = well ] || kill -SEGV $$") as emulator:
        for _ in range(3):
            assert json.loads(emulator.invoke(b"ill"))["errorType"] == "Function.Signal11"
            assert emulator.invoke(b"well") == b""


def test_environment(run):
    with run("--", "bash", "-c", "echo $LAMBDA_REQUEST_ID $LAMBDA_DEADLINE_MS $LAMBDA_FUNCTION_ARN $_X_AMZN_TRACE_ID") as emulator:
        id, deadline, arn, *_ = emulator.invoke().decode().split()
        assert len(id) == 36 and arn.startswith("arn:aws:lambda:")
        assert 0 < int(deadline) / 1000 - time.time() <= 31


def test_a_thousand_events_without_growth(run):
    with run("--", "cat") as emulator:
        for _ in range(50):
            emulator.invoke(b"warm")
        runtime = emulator.runtime
        before = descriptors(runtime), resident(runtime)
        for number in range(1000):
            body = b'{"number": %d}' % number
            assert emulator.invoke(body) == body
        assert descriptors(runtime) == before[0]
        assert resident(runtime) <= before[1] + 1024, "KiB"
        assert resident(runtime) < 25 << 10
