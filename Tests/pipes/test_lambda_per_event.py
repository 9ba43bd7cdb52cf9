"""lambda-bootstrap with one process per event, against the Runtime API in this process."""

import json
import os
import signal
import socket
import subprocess
import threading
import time

import pytest
from support.runtime_api import Bootstrap, Event, children, descriptors, resident
from support.tools import EMULATED, run, tool


def bootstrap(*command, **options):
    return Bootstrap([tool("lambda-bootstrap"), *command], **options)


def shell(script, **options):
    return bootstrap("bash", "-c", script, **options)


def error(event):
    assert event.kind == "error"
    body = json.loads(event.result)
    assert event.result_headers["lambda-runtime-function-error-type"] == body["errorType"]
    assert isinstance(body["stackTrace"], list)
    return body


def test_event_in_response_out():
    with bootstrap("cat") as function:
        for body in (b'{"a":1}', b"", b"x" * 5_000_000):
            event = function.call(body)
            assert (event.kind, event.result) == ("response", body)


def test_a_command_that_reads_nothing():
    with bootstrap("--", "echo", "done") as function:
        assert function.call(b"x" * 5_000_000).result == b"done\n"


def test_handler_below_the_task_root(tmp_path):
    handler = tmp_path / "run.sh"
    handler.write_text("#!/bin/sh\ncat; echo handled\n")
    handler.chmod(0o755)
    with bootstrap(env={"LAMBDA_TASK_ROOT": str(tmp_path), "_HANDLER": "run.sh"}) as function:
        assert function.call(b"x ").result == b"x handled\n"


@pytest.mark.parametrize("command, kind", [("cat", "response"), ("false", "error")])
def test_the_attempt_is_named_in_the_answer(command, kind):
    with bootstrap(command) as function:
        event = function.call(headers=[("Lambda-Runtime-Invocation-Id", "attempt-1")])
        assert (event.kind, event.result_headers["lambda-runtime-invocation-id"]) == (kind, "attempt-1")
        assert "lambda-runtime-invocation-id" not in function.call().result_headers


VARIABLES = "LAMBDA_REQUEST_ID LAMBDA_DEADLINE_MS LAMBDA_FUNCTION_ARN _X_AMZN_TRACE_ID " \
    "LAMBDA_CLIENT_CONTEXT LAMBDA_COGNITO_IDENTITY LAMBDA_TENANT_ID"


def test_headers_become_the_environment():
    script = f"for name in {VARIABLES}; do echo \"$name=${{!name-unset}}\"; done"
    headers = [
        ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:1:function:f"),
        ("lambda-runtime-trace-id", "Root=1-2;Parent=3;Sampled=1"),
        ("Lambda-Runtime-Client-Context", '{"client":{"app_title":"a b"}}'),
        ("Lambda-Runtime-Cognito-Identity", '{"cognitoIdentityId":"x"}'),
        ("Lambda-Runtime-Aws-Tenant-Id", "tenant-7"),
    ]
    with shell(script) as function:
        event = function.call(headers=headers)
        deadline = dict(event.headers)["Lambda-Runtime-Deadline-Ms"]
        values = [event.id, deadline, *(value for _, value in headers)]
        assert event.result.decode().splitlines() == [f"{n}={v}" for n, v in zip(VARIABLES.split(), values)]
        # Nothing of that event is left for one without these headers.
        event = function.call(deadline=None)
        assert event.result.decode().splitlines() == [
            f"{name}={event.id if name == 'LAMBDA_REQUEST_ID' else 'unset'}" for name in VARIABLES.split()]


@pytest.mark.parametrize("status, kind", [
    (64, "Usage"), (65, "BadInput"), (69, "Unavailable"), (74, "InputOutput"), (75, "Retry"), (77, "NotPermitted"),
    (78, "Configuration"), (1, "Exit1"), (255, "Exit255")])
def test_statuses_become_error_types(status, kind):
    with shell(f"echo one >&2; echo two >&2; echo lost; exit {status}") as function:
        event = function.call()
        body = error(event)
        assert body["errorType"] == "Function." + kind
        assert body["errorMessage"] == "one\ntwo"
        assert body["stackTrace"] == [f"bash exited with status {status}"]
    assert f"{event.id}: one\n{event.id}: two\n".encode() in function.stderr


def test_a_signal_is_told_apart():
    with shell("kill -SEGV $$") as function:
        body = error(function.call())
        assert body["errorType"] == "Function.Signal11" and "signal 11" in body["errorMessage"]
        assert function.call().kind == "error"


def test_errors_are_json_whatever_was_written():
    with shell(r"printf '\377\000\033\"\\\200\n\001 tail' >&2; exit 1") as function:
        message = error(function.call())["errorMessage"]
        assert message == "\ufffd\0\x1b\"\\\ufffd\n\x01 tail"


def test_much_on_standard_error():
    with shell("head -c 3000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo last >&2; exit 1") as function:
        message = error(function.call())["errorMessage"]
        assert message.endswith("x\nlast") and len(message) <= 8192


@pytest.mark.alone
def test_the_deadline_is_kept_and_the_group_killed():
    with shell("trap '' TERM; echo stuck >&2; sleep 60 | sleep 60") as function:
        start = time.monotonic()
        body = error(function.call(deadline=1.0))
        assert 0.8 < time.monotonic() - start < 1.0
        assert body["errorType"] == "Function.Timeout" and "stuck" in body["errorMessage"]
        assert children(function.process.pid) == []
        assert error(function.call(deadline=0.3))["errorType"] == "Function.Timeout"
        # A deadline in the past is handled too.
        assert error(function.call(deadline=-5))["errorType"] == "Function.Timeout"


@pytest.mark.alone
@pytest.mark.parametrize("script", ["yes >&2", "yes >&2 & sleep 60", "yes '' >&2"])
def test_the_deadline_is_kept_though_errors_come_without_pause(script):
    with shell(script) as function:
        start = time.monotonic()
        assert error(function.call(deadline=2.0))["errorType"] == "Function.Timeout"
        assert 1.5 < time.monotonic() - start < 3.0
        assert children(function.process.pid) == []


@pytest.mark.alone
def test_errors_without_pause_do_not_keep_an_answer():
    """The command has ended; what it left behind goes on writing."""
    with shell("yes >&2 & echo answered") as function:
        start = time.monotonic()
        assert function.call(deadline=10.0).result == b"answered\n"
        assert time.monotonic() - start < 3.0


@pytest.mark.alone
def test_what_a_command_leaves_behind_is_ended():
    with shell("sleep 60 & setsid sleep 0.2 & echo answered") as function:
        start = time.monotonic()
        assert function.call().result == b"answered\n"
        assert time.monotonic() - start < 2
        time.sleep(0.4)
        assert function.call().result == b"answered\n"
        assert len(children(function.process.pid)) <= 2


def test_a_response_over_the_limit_is_a_clear_error():
    limit = 6 * 1024 * 1024 + 100
    with shell('head -c "$(cat)" /dev/zero') as function:
        assert len(function.call(str(limit).encode()).result) == limit
        assert error(function.call(str(limit + 1).encode()))["errorType"] == "Function.ResponseSizeTooLarge"
        assert error(function.call(b"1000000000"))["errorType"] == "Function.ResponseSizeTooLarge"
        assert function.call(b"3").result == b"\0\0\0"


@pytest.mark.parametrize("replies", [[413], [403], [400], [410], [500], ["close"], ["close", 403], ["close", "close", "close"]])
def test_refused_and_lost_posts_are_survived(replies):
    with bootstrap("cat") as function:
        event = function.api.send(b"first", replies=replies)
        assert function.call(b"second").result == b"second"
        # What was refused is not posted again as an error.
        assert not any(path.endswith("/error") for path, _ in function.api.posts)
        if replies == ["close"]:
            assert event.result == b"first"


@pytest.mark.parametrize("raw", [
    b"", b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: ../../x\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: a b\r\nContent-Length: 2\r\n\r\n{}",
    b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"])
def test_bad_answers_to_next_are_survived(raw):
    with bootstrap("cat") as function:
        for _ in range(2):
            function.api.send_raw(raw).wait()
        assert function.call(b"after").result == b"after"
        assert b"no event" in function.stderr or function.stop() == 0 and b"no event" in function.stderr


@pytest.mark.parametrize("headers, body", [
    (b"Transfer-Encoding: chunked\r\n", b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n"),
    (b"Connection: close\r\nContent-Length: 5\r\n", b"hello"), (b"Content-Length:5\r\nX: \xff\xfe\r\n", b"hello")])
def test_events_in_other_framings(headers, body):
    with bootstrap("cat") as function:
        event = function.api.known["framed"] = Event("framed", b"", [])
        function.api.send_raw(b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: framed\r\n" + headers + b"\r\n" + body)
        assert event.wait().result == b"hello"
        assert function.call(b"after").result == b"after"


def test_a_response_that_is_refused_unread():
    """A Runtime API that answers 413 to the head and hangs up: the rest of the body has nowhere to go."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)
    seen = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(256)
            seen.append(head.split(b" ")[0])
            if seen[-1] == b"GET":
                connection.sendall(b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: a\r\nContent-Length: 0\r\n"
                                   b"Connection: close\r\n\r\n")
            else:
                connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    address = "127.0.0.1:%d" % listener.getsockname()[1]
    process = subprocess.Popen([tool("lambda-bootstrap"), "head", "-c", "6000000", "/dev/zero"], stdin=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env={**os.environ, "AWS_LAMBDA_RUNTIME_API": address})
    deadline = time.monotonic() + 20
    while seen.count(b"GET") < 4:
        assert time.monotonic() < deadline and process.poll() is None, seen
        time.sleep(0.02)
    process.kill()
    process.wait()
    listener.close()
    assert b"POST" in seen


@pytest.mark.parametrize("deadline", ["", "0", "-1", "abc", "99999999999999999999", "1e3", "9223372036854775807"])
def test_odd_deadlines(deadline):
    with bootstrap("cat") as function:
        event = function.call(b"x", deadline=None, headers=[("Lambda-Runtime-Deadline-Ms", deadline)])
        assert event.result == b"x"


def test_without_events_it_gives_up():
    with bootstrap("cat", env={}) as function:
        for _ in range(15):
            function.api.send_raw(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n")
        assert function.process.wait(30) == 69
    assert b"15 times in a row" in function.stderr


def test_the_runtime_api_is_reached_past_a_proxy():
    proxies = {name: "http://127.0.0.1:1" for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")}
    with bootstrap("cat", env=proxies) as function:
        assert function.call(b"direct").result == b"direct"


@pytest.mark.parametrize("command", [["/nonexistent/program"], ["no-such-program"], ["/etc/passwd"], ["/"]])
def test_a_command_that_cannot_start_is_an_init_error(command):
    with bootstrap(*command) as function:
        event = function.api.init_error.wait()
        assert json.loads(event.result)["errorType"] == "Runtime.InvalidEntrypoint"
        assert function.process.wait(10) == 78
        assert not function.api.first_next.is_set()


def test_sigterm_ends_the_children_and_leaves_with_0():
    with shell("trap '' TERM; echo ready >&2; sleep 60 & sleep 60") as function:
        function.api.send()
        while not function.lines:
            time.sleep(0.01)
        group = children(function.process.pid)
        assert len(group) >= 2
        assert function.stop() == 0
        # qemu refuses PR_SET_CHILD_SUBREAPER: there init reaps the grandchildren, a moment later.
        deadline = time.monotonic() + (5 if EMULATED else 0)
        while time.monotonic() < deadline and any(os.path.exists(f"/proc/{pid}") for pid in group):
            time.sleep(0.01)
        assert not any(os.path.exists(f"/proc/{pid}") for pid in group)


def test_sigterm_while_waiting_for_an_event():
    with bootstrap("cat") as function:
        assert function.api.first_next.wait(10)
        assert function.stop() == 0


def test_nothing_grows_and_nothing_is_inherited():
    with shell("ls -l /proc/self/fd | wc -l; trap -p PIPE") as function:
        seen = {function.call().result for _ in range(20)}
        # Three standard descriptors, the folder being listed, and ls's first line.
        assert seen == {b"5\n"}
        before = descriptors(function.process.pid), resident(function.process.pid)
        for _ in range(100):
            function.call(b"x" * 100_000)
        assert descriptors(function.process.pid) == before[0]
        assert resident(function.process.pid) < before[1] + 4096


def test_flags():
    assert run([tool("lambda-bootstrap"), "--version"]).stdout.strip().count(b".") == 2
    help = run([tool("lambda-bootstrap"), "--help"])
    assert help.returncode == 0 and b"--http" in help.stdout
    described = run([tool("lambda-bootstrap"), "--experimental-dump-help"])
    assert json.loads(described.stdout)["command"]["commandName"] == "lambda-bootstrap"
    for shell in ("bash", "zsh", "fish"):
        for words in (["--generate-completion-script", shell], [f"--generate-completion-script={shell}"]):
            script = run([tool("lambda-bootstrap"), *words])
            assert script.returncode == 0 and b"--http" in script.stdout.replace(b"-l 'http'", b"--http")
    # The same words belong to the command once it has begun.
    with bootstrap("--", "echo", "--experimental-dump-help", "--generate-completion-script") as function:
        assert function.call().result == b"--experimental-dump-help --generate-completion-script\n"
    for wrong in (["--generate-completion-script", "csh"], ["--bogus"], ["--http", "--route", "nonsense", "cat"], ["--route", "GET /", "cat"],
                  ["--http", "--limit", "0", "cat"], ["--http", "--cors", "a b", "cat"]):
        assert run([tool("lambda-bootstrap"), *wrong]).returncode == 64, wrong
    outside = run([tool("lambda-bootstrap"), "cat"], env={"AWS_LAMBDA_RUNTIME_API": ""})
    assert outside.returncode == 78 and outside.stderr.startswith(b"lambda-bootstrap: AWS_LAMBDA_RUNTIME_API")
