"""lambda-bootstrap --http over a stand-in pipeline that misbehaves on request, against the Runtime API in this process."""

import base64
import json
import os
import random
import signal
import sys
import time

import pytest
from support.lambda_events import form, function_url, http_api, rest_api
from support.runtime_api import Bootstrap, children, descriptors, resident
from support.tools import ROOT, tool

DOUBLE = f"{sys.executable} {ROOT}/Tests/support/pipeline_double.py"
# As in a shell: when the second stage dies, the shell still waits for the first.
PIPELINE = ["bash", "-c", f"{DOUBLE} | {DOUBLE} --answer"]
SOURCES = [http_api, rest_api, function_url]
JPEG = {"content-type": "image/jpeg"}


def bootstrap(*flags, pipeline=PIPELINE, **options):
    return Bootstrap([tool("lambda-bootstrap"), "--http", *flags, "--", *pipeline], **options)


@pytest.fixture(scope="module")
def function():
    with bootstrap() as function:
        yield function


def answer(event):
    assert event.kind == "response", event.result
    wrapped = json.loads(event.result)
    assert wrapped["isBase64Encoded"] is False
    assert all(isinstance(value, str) for value in wrapped["headers"].values())
    if wrapped["headers"]["content-type"] == "application/json" and wrapped["body"]:
        return wrapped["statusCode"], json.loads(wrapped["body"]), wrapped["headers"]
    return wrapped["statusCode"], wrapped["body"], wrapped["headers"]


def predict(function, image, source=http_api, headers=JPEG, **options):
    return answer(function.call(source(body=image, headers=headers, **options)))


def label(body):
    assert list(body) == ["model", "predictions"], "the answer shows what it should not"
    return body["predictions"][0]["label"]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("type", [
    "image/jpeg", "IMAGE/JPEG", "image/jpeg; charset=binary", "application/jpeg", "application/octet-stream", "image/jpg",
    "image/pjpeg", "image/*", "binary/octet-stream", "application/x-www-form-urlencoded", "text/plain", ""])
def test_an_image_is_answered(function, source, type):
    name = random.choice(["content-type", "Content-Type", "CONTENT-TYPE"])
    status, body, headers = predict(function, b"echo hello", source, {name: type})
    assert (status, label(body)) == (200, "hello")
    assert "access-control-allow-origin" not in headers


def test_numbers_are_passed_on_as_they_are(function):
    event = function.call(http_api(body=b"echo x", headers=JPEG))
    assert b'\\"probability\\": 1.5}' in event.result


@pytest.mark.parametrize("source", SOURCES)
def test_a_body_that_is_not_base64(function, source):
    assert label(predict(function, b"echo plain \xc3\xa9", source, encode=False)[1]) == "plain Ã©"


@pytest.mark.parametrize("encoded", ["ZWNobyB4", "ZWNo\r\nbyB4\r\n", "ZWNo\nbyB4", "Z\nW\nN\no\nb\nyB4"])
def test_base64_with_line_breaks(function, encoded):
    event = json.loads(http_api(body=b"", headers=JPEG))
    event["body"] = encoded
    assert label(answer(function.call(json.dumps(event).encode()))[1]) == "x"


@pytest.mark.parametrize("encoded", ["ZWNobyB", "ZWNobyB4=", "ZW-obyB4", "====", "Z W N o", "ZWNobyB4ZR=="])
def test_invalid_base64(function, encoded):
    event = json.loads(http_api(body=b"", headers=JPEG))
    event["body"] = encoded
    status, body, _ = answer(function.call(json.dumps(event).encode()))
    assert (status, body["error"]["code"]) == (400, "not-base64")


@pytest.mark.parametrize("source", SOURCES)
def test_a_form_with_one_file(function, source):
    data, type = form(("comment", None, None, b"not me\r\n--"), ("image", "a\"b;.jpg", "image/jpeg", b"echo \r\n--form"))
    assert label(predict(function, data, source, {"Content-Type": type})[1]) == "\r\n--form"


@pytest.mark.parametrize("parts, status, code", [
    ([("image", None, None, b"echo x")], 400, "bad-form"),
    ([("a", "a.jpg", "image/jpeg", b"echo x"), ("b", "b.jpg", "image/jpeg", b"echo y")], 400, "bad-form"),
    ([("image", "", "application/octet-stream", b"")], 400, "bad-form"),
    ([("image", "a.jpg", "image/jpeg", b"")], 400, "empty"),
])
def test_other_forms(function, parts, status, code):
    data, type = form(*parts)
    got, body, _ = predict(function, data, headers={"content-type": type})
    assert (got, body["error"]["code"]) == (status, code)


def test_a_form_cut_anywhere_is_a_bad_form(function):
    data, type = form(("image", "a.jpg", "image/jpeg", b"echo x"))
    for end in range(0, len(data) - 4, 7):
        got, body, _ = predict(function, data[:end], headers={"content-type": type})
        assert (got, body["error"]["code"]) == (400, "bad-form"), end


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("method, path, status, allow", [
    ("GET", "/health", 200, None), ("HEAD", "/health", 200, None), ("POST", "/health", 405, "GET, HEAD"),
    ("GET", "/predict", 405, "POST"), ("OPTIONS", "/predict", 405, "POST"), ("POST", "/predict/", 404, None),
    ("POST", "/", 404, None), ("GET", "/", 404, None), ("POST", "/../predict", 404, None)])
def test_routes(function, source, method, path, status, allow):
    got, body, headers = answer(function.call(source(method, path)))
    assert got == status and headers.get("allow") == allow
    assert (body == "") == (method == "HEAD")


def test_given_routes_replace_the_default():
    with bootstrap("--route", "POST /a", "--route", "PUT /a", "--route", "POST /b/c") as function:
        for method, path, status in [("POST", "/a", 200), ("PUT", "/a", 200), ("POST", "/b/c", 200),
                                     ("POST", "/predict", 404), ("GET", "/a", 405)]:
            assert predict(function, b"echo x", method=method, path=path)[0] == status


def test_the_stage_is_not_part_of_the_path(function):
    assert predict(function, b"echo x", stage="prod")[0] == 200
    assert answer(function.call(http_api("GET", "/health", stage="prod")))[0] == 200


@pytest.mark.parametrize("headers", [{}, {"content-type": "image/png"}, {"content-type": "multipart/mixed; boundary=a"}])
def test_the_bytes_decide_not_the_type(function, headers):
    """What is not a JPEG is refused by the pipeline (test_error_records_become_statuses)."""
    assert label(predict(function, b"echo x", headers=headers)[1]) == "x"


@pytest.mark.parametrize("parts", [
    [("a", "", "application/octet-stream", b""), ("b", "b.jpg", "image/jpeg", b"echo x")],
    [("b", "b.png", "image/png", b"echo x")]])
def test_forms_as_browsers_send_them(function, parts):
    data, type = form(*parts)
    assert label(predict(function, data, headers={"content-type": type})[1]) == "x"
    unix = data.replace(b"\r\n", b"\n")
    assert label(predict(function, unix, headers={"content-type": type})[1]) == "x"


def test_a_load_balancer_with_multi_value_headers(function):
    event = {"path": "/predict", "httpMethod": "POST", "multiValueHeaders": {"content-type": ["image/jpeg"]},
             "requestContext": {"elb": {"targetGroupArn": "arn"}}, "body": "echo x", "isBase64Encoded": False}
    result = json.loads(function.call(json.dumps(event).encode()).result)
    assert result["multiValueHeaders"]["content-type"] == ["application/json"] and "headers" not in result


def test_a_latin_1_header_does_not_fail_the_event(function):
    event = http_api(body=b"echo x", headers={**JPEG, "x-name": "cafe"}).replace(b"cafe", b"caf\xe9")
    assert label(answer(function.call(event))[1]) == "x"


def test_json_log_lines():
    with bootstrap("--log-format", "json") as function:
        predict(function, b"echo x")
        predict(function, b"refuse corrupt")
        predict(function, b"die-1 3")
        function.stop()
        lines = [json.loads(line) for line in function.stderr.splitlines() if line.startswith(b"{")]
    events = [line for line in lines if line.get("event") == "invocation"]
    assert [(e["status"], e["level"], e["coldStart"], e["images"]) for e in events] == [
        (200, "info", True, 1), (422, "info", False, 1), (503, "error", False, 1)]
    assert events[1]["failed"] == {"corrupt": 1} and events[0]["failed"] == {}
    assert all(e["route"] == "POST /predict" and e["durationMs"] >= 0 and e["requestId"] for e in events)
    assert any(line.get("message") == "first stage: as requested" and line["requestId"] for line in lines)


@pytest.mark.parametrize("code, status", [
    ("corrupt", 422), ("truncated", 422), ("empty", 422), ("unsupported", 422), ("too-large", 413), ("not-jpeg", 415)])
def test_error_records_become_statuses(function, code, status):
    got, body, _ = predict(function, b"refuse " + code.encode())
    assert (got, body) == (status, {"error": {"code": code, "message": "why not"}})


def test_the_size_is_limited():
    with bootstrap("--limit", "1000") as function:
        assert predict(function, b"echo " + b"x" * 995)[0] == 200
        assert predict(function, b"echo " + b"x" * 996)[0] == 413
        assert predict(function, b"")[0] == 400


def test_a_large_image_goes_through_whole(function):
    # The double's answer names the size of what it was given: the line itself is bounded.
    assert label(predict(function, b"count " + b"x" * 4_400_000)[1]) == "4400006"


def test_cross_origin_callers_only_when_asked_for():
    with bootstrap("--cors", "https://example.com") as function:
        status, body, headers = answer(function.call(http_api("OPTIONS", "/predict")))
        assert (status, body) == (204, "")
        assert headers["access-control-allow-methods"] == "POST"
        assert headers["access-control-allow-origin"] == "https://example.com" and headers["vary"] == "origin"
        assert predict(function, b"echo x")[2]["access-control-allow-origin"] == "https://example.com"
        assert predict(function, b"refuse corrupt")[2]["access-control-allow-origin"] == "https://example.com"


def test_the_page():
    page = ROOT / "deploy" / "page.html"
    with bootstrap("--page", page) as function:
        seen = set()
        for source in SOURCES:
            status, body, headers = answer(function.call(source("GET", "/")))
            policy = headers["content-security-policy"]
            nonce = policy.split("script-src 'nonce-")[1].split("'")[0]
            assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
            assert status == 200 and headers["content-type"] == "text/html; charset=utf-8"
            assert body == page.read_text().replace("{{nonce}}", nonce) and nonce in body
            seen.add(nonce)
        assert len(seen) == 3
        assert answer(function.call(http_api("HEAD", "/")))[:2] == (200, "")
        assert answer(function.call(http_api("POST", "/")))[0] == 405


@pytest.mark.parametrize("field", ["image", "content"])
def test_direct_invocations(function, field):
    event = function.call(json.dumps({field: base64.b64encode(b"echo direct").decode()}).encode())
    assert event.kind == "response" and label(json.loads(event.result)) == "direct"


@pytest.mark.parametrize("body, kind", [
    (b"", "BadInput"), (b"{", "BadInput"), (b"[]", "BadInput"), (b"{}", "BadInput"), (b'{"image": 5}', "BadInput"),
    (b'{"image": "***"}', "BadInput"), (b'{"image": "\xff"}', "BadInput"), (b'{"image": "eA==", "image": "eA=="}', "BadInput"),
    (b"[" * 3_000_000, "BadInput"), (b"[" + b"0," * 1_000_000 + b"0]", "BadInput"),
    (b'{"image": "' + base64.b64encode(b"refuse corrupt") + b'"}', "BadInput"),
    (b'{"image": "' + base64.b64encode(b"die-2 75") + b'"}', None)])
def test_direct_invocations_fail_as_errors(function, body, kind):
    event = function.call(body)
    assert event.kind == "error"
    if kind:
        assert json.loads(event.result)["errorType"] == "Function." + kind
    assert label(predict(function, b"echo after")[1]) == "after"


@pytest.mark.parametrize("image, status, logged", [
    (b"die-1 75", 503, b"first stage: as requested"), (b"die-2 78", 503, b"second stage: as requested"), (b"malformed", 503, b"notJSON"),
    (b"other", 503, b"aboutAnother"), (b"twice", 503, b"notOneLine"), (b"long", 503, b"longer than"),
    (b"slow 60", 504, b"Timeout"), (b"silent", 504, b"Timeout")])
def test_trouble_costs_one_event_and_the_whole_group(function, image, status, logged):
    assert label(predict(function, b"echo before")[1]) == "before"
    group = children(function.process.pid)
    assert len(group) == 3
    event = function.call(http_api(body=image, headers=JPEG), deadline=1.5)
    got, body, headers = answer(event)
    assert got == status
    assert status != 503 or headers["retry-after"] == "1"
    assert "as requested" not in json.dumps(body)
    assert label(predict(function, b"echo after")[1]) == "after"
    assert not any(os.path.exists(f"/proc/{pid}") for pid in group)
    assert len(children(function.process.pid)) == 3
    lines = [line for line in function.lines if event.id.encode() in line]
    assert any(logged in line for line in lines), lines


def test_a_script_that_tells_its_stage_s_status():
    script = f"set -o pipefail; {DOUBLE} | {DOUBLE} --answer; exit 75"
    with bootstrap(pipeline=["bash", "-c", script]) as function:
        event = function.call(json.dumps({"image": base64.b64encode(b"die-1 9").decode()}).encode())
        body = json.loads(event.result)
        assert body["errorType"] == "Function.Retry" and body["errorMessage"] == "first stage: as requested"


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_a_stage_that_dies_between_events_is_replaced_unseen(function, stage):
    predict(function, b"echo before")
    group = sorted(children(function.process.pid))
    os.kill(group[stage], signal.SIGKILL)
    deadline = time.monotonic() + 5
    while set(children(function.process.pid)) & set(group) or len(children(function.process.pid)) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert label(predict(function, b"echo after")[1]) == "after"


def test_unasked_output_between_events_is_not_an_answer(function):
    predict(function, b"unasked x")
    time.sleep(0.3)
    assert label(predict(function, b"echo after")[1]) == "after"


def test_each_stage_killed_at_random():
    """200 events; every one has its own answer or an error, none another's."""
    generator = random.Random(5)
    answered = failed = 0
    with bootstrap() as function:
        predict(function, b"echo ready")
        for number in range(200):
            event = function.api.send(http_api(body=f"slow 0.02{number:04d}".encode(), headers=JPEG), deadline=10)
            if number % 4 == 0:
                time.sleep(generator.random() * 0.03)
                group = children(function.process.pid)
                if group:
                    try:
                        os.kill(generator.choice(group), signal.SIGKILL)
                    except ProcessLookupError:
                        pass
            status, body, _ = answer(event.wait())
            if status == 200:
                assert label(body) == f"0.02{number:04d}"
                answered += 1
            else:
                assert status == 503
                failed += 1
        assert descriptors(function.process.pid) < 20
        assert len(children(function.process.pid)) == 3
    assert answered >= 150 and failed >= 5, (answered, failed)


def test_nothing_grows(function):
    for _ in range(50):
        predict(function, b"echo x" * 10_000)
    before = descriptors(function.process.pid), resident(function.process.pid)
    for _ in range(10):
        predict(function, b"die-2 1")
    for _ in range(1000):
        predict(function, b"echo x" * 1_000)
    assert descriptors(function.process.pid) == before[0]
    assert resident(function.process.pid) <= before[1] + 1024, "KiB"


@pytest.mark.parametrize("pipeline, kind", [
    (["bash", "-c", "echo no model >&2; exit 78"], "Function.Configuration"),
    (["bash", "-c", f"{DOUBLE} | false"], "Function.Exit1"),
    (["yes"], "Function.PipelineAnswer"),
    (["/nonexistent"], "Runtime.InvalidEntrypoint"), (["sleep", "60"], "Function.PipelineStart")])
def test_a_pipeline_that_refuses_the_warm_up_image_is_an_init_error(pipeline, kind):
    with bootstrap("--start-limit", "1", pipeline=pipeline) as function:
        event = function.api.init_error.wait()
        assert json.loads(event.result)["errorType"] == kind
        assert (kind == "Function.PipelineStart") == ("--start-limit" in json.loads(event.result)["errorMessage"])
        assert function.process.wait(10) == 78
        assert not function.api.first_next.is_set()
        assert children(function.process.pid) == []


def test_a_missing_page_is_an_init_error():
    with bootstrap("--page", "/nonexistent.html") as function:
        assert "nonexistent" in json.loads(function.api.init_error.wait().result)["errorMessage"]


def test_a_pipeline_that_cannot_be_replaced_ends_the_runtime(tmp_path):
    flag = tmp_path / "once"
    script = f"[ ! -e {flag} ] || exit 78; touch {flag}; {DOUBLE} | {DOUBLE} --answer"
    with bootstrap(pipeline=["bash", "-c", script]) as function:
        assert predict(function, b"die-1 1")[0] == 503
        assert function.process.wait(10) == 69


def test_sigterm_ends_the_pipeline():
    with bootstrap() as function:
        predict(function, b"echo x")
        group = children(function.process.pid)
        assert len(group) == 3
        assert function.stop() == 0
        assert not any(os.path.exists(f"/proc/{pid}") for pid in group)
    with bootstrap() as function:
        function.api.send(http_api(body=b"slow 30", headers=JPEG))
        assert function.api.first_next.wait(10)
        time.sleep(0.2)
        assert function.stop() == 0
