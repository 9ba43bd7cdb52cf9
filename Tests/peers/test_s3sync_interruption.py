"""What a signal, or a reader that has gone, leaves in the bucket: no part of an object, and no upload that costs storage."""

import signal
import subprocess
import time

import pytest

from support.s3_peers import environment
from support.s3sync_run import S3SYNC, server, sync  # noqa: F401

FORMS = {"file": ["--part-size", "5M", "large", "s3://bucket/out"], "stream": ["-", "s3://bucket/out"],
         "copy": ["--part-size", "5M", "s3://bucket/source", "s3://bucket/out"],
         "folder": ["--part-size", "5M", ".", "s3://bucket/"]}


def request_of(moment):
    """Whether a request is the one that an upload is at."""
    return {"begin": lambda a: a.method == "POST" and "uploads" in a.query,
            "part": lambda a: a.method == "PUT" and a.query.get("partNumber") == "2",
            "end": lambda a: a.method == "POST" and "uploadId" in a.query,
            "abort": lambda a: a.method == "DELETE"}[moment]


def await_request(server, is_it):
    deadline = time.monotonic() + 10
    while not any(is_it(a) for a in server.requests):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def interrupt(server, folder, form, moment, number):
    """Starts a transfer, ends it by a signal at the given request, and gives its standard error."""
    (folder / "large").write_bytes(bytes(12 << 20))
    server.put("bucket", "source", bytes(12 << 20))
    child = subprocess.Popen([S3SYNC, *FORMS[form]], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, env=environment(server.endpoint))
    if form == "stream":
        child.stdin.write(bytes(20 << 20))
        if moment == "end":
            child.stdin.close()
        else:
            child.stdin.flush()
    await_request(server, request_of(moment))
    if number == signal.SIGPIPE:
        child.stdout.close()
    else:
        child.send_signal(number)
    assert child.wait(12) == -number
    error = child.stderr.read()
    for pipe in (child.stdin, child.stdout, child.stderr):
        pipe.close()
    return error


def quiet(server):
    """Waits until the server has dealt with every request."""
    deadline = time.monotonic() + 10
    while server.working:
        assert time.monotonic() < deadline
        time.sleep(0.01)


CASES = [(form, moment, signal.SIGTERM) for form in FORMS for moment in ("begin", "part", "end")] + [
    ("file", moment, number) for moment in ("begin", "part", "end") for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE)]


@pytest.mark.parametrize("form, moment, number", CASES, ids=lambda v: getattr(v, "name", v))
def test_a_request_in_flight_is_known_before_the_upload_is_aborted(server, tmp_path, form, moment, number):
    server.fault = lambda a: ("delay", 0.5) if request_of(moment)(a) else None
    assert interrupt(server, tmp_path, form, moment, number) == b""
    quiet(server)
    assert not server.uploads
    stored = {k: len(v.data) for k, v in server.objects["bucket"].items() if k != "source"}
    if moment == "end":
        # It was too late to stop it: the object is whole, and nothing was aborted.
        assert list(stored.values()) == [20 << 20 if form == "stream" else 12 << 20]
        assert not server.asked("DELETE")
    else:
        assert stored == {} and len(server.asked("DELETE")) == 1


@pytest.mark.parametrize("moment", ["begin", "part"])
def test_a_service_that_does_not_respond_is_not_waited_for_long(server, tmp_path, moment):
    server.fault = lambda a: ("stall", 30) if request_of(moment)(a) else None
    began = time.monotonic()
    interrupt(server, tmp_path, "file", moment, signal.SIGINT)
    assert time.monotonic() - began < 9
    assert moment == "begin" or not server.uploads


def test_a_part_that_is_stored_after_the_abort_is_aborted_too(server, tmp_path):
    server.fault = lambda a: ("delay", 5) if request_of("part")(a) else None
    interrupt(server, tmp_path, "file", "part", signal.SIGTERM)
    quiet(server)
    assert not server.uploads and len(server.asked("DELETE")) > 1


def test_an_abort_that_fails_is_tried_again(server, tmp_path):
    def fault(asked):
        if request_of("part")(asked):
            return ("delay", 0.5)
        return ("status", 503, "SlowDown") if asked.method == "DELETE" and asked.times == 1 else None

    server.fault = fault
    interrupt(server, tmp_path, "file", "part", signal.SIGTERM)
    assert not server.uploads and len(server.asked("DELETE")) == 2


@pytest.mark.parametrize("form", ["file", "stream", "copy"])
def test_a_failed_part_ends_the_others_before_the_abort(server, tmp_path, form):
    (tmp_path / "large").write_bytes(bytes(12 << 20))
    server.put("bucket", "source", bytes(12 << 20))

    def fault(asked):
        if request_of("part")(asked):
            return ("status", 403, "AccessDenied")
        return ("delay", 0.5) if asked.query.get("partNumber") == "1" else None

    server.fault = fault
    arguments = [str(tmp_path / a) if a == "large" else a for a in FORMS[form]]
    done = sync(server, *arguments, stdin=bytes(20 << 20))
    quiet(server)
    assert done.returncode == 77 and not server.uploads and set(server.objects["bucket"]) == {"source"}
    assert len(server.asked("DELETE")) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_publishes_nothing_and_aborts(server, number):
    child = subprocess.Popen([S3SYNC, "-", "s3://bucket/out"], stdin=subprocess.PIPE, env=environment(server.endpoint),
                             stderr=subprocess.DEVNULL)
    child.stdin.write(bytes(20 << 20))
    child.stdin.flush()
    deadline = time.monotonic() + 10
    while not server.asked("PUT") and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(number)
    assert child.wait(10) == -number
    assert server.objects["bucket"] == {} and not server.uploads


@pytest.mark.parametrize("restores", [True, False], ids=["default", "ignored by the parent"])
def test_a_reader_that_has_gone_leaves_no_upload_behind(server, tmp_path, restores):
    for index in range(3):
        (tmp_path / f"large{index}").write_bytes(bytes(12 << 20))
    server.fault = lambda a: ("stall", 3) if a.query.get("partNumber") == "2" and a.key == "large2" else None
    child = subprocess.Popen([S3SYNC, "--part-size", "5M", tmp_path, "s3://bucket/"], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, env=environment(server.endpoint), restore_signals=restores)
    deadline = time.monotonic() + 10
    while not any(a.query.get("partNumber") == "2" and a.key == "large2" for a in server.requests):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    child.stdout.close()
    assert child.wait(10) == -signal.SIGPIPE
    assert child.stderr.read() == b"" and not server.uploads
    child.stderr.close()
