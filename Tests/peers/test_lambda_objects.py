"""deploy/infer-objects: objects of an S3 server in, predictions stored there, one process per event."""

import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.request

import pytest
from support.emulator import free_port
from support.runtime_api import Bootstrap
from support.tools import MODEL, ROOT, tool

Image = pytest.importorskip("PIL.Image")
pytest.importorskip("moto")
if not shutil.which("jq") or not os.access(tool("s3sync"), os.X_OK):
    pytest.skip("jq or s3sync is absent", allow_module_level=True)


@pytest.fixture(scope="module")
def endpoint():
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/").close()
            break
        except OSError:
            assert time.monotonic() < deadline, "moto does not start"
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    server.kill()
    server.wait()


@pytest.fixture(scope="module")
def environment(endpoint):
    return {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1", "CLASSIFY_MODEL": str(MODEL),
            "PATH": f"{pathlib.Path(tool('imgdecode')).parent}:{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def records(environment, tmp_path_factory):
    """Three photos and one that is none, as object records."""
    request = urllib.request.Request(environment["AWS_ENDPOINT_URL"] + "/photos", method="PUT")
    urllib.request.urlopen(request).close()
    folder = tmp_path_factory.mktemp("photos")
    for number in range(3):
        Image.new("RGB", (64, 48), (80 * number, 100, 200)).save(folder / f"{number} é.jpg")
    (folder / "bad.jpg").write_bytes(b"no picture")
    run = {"env": {**os.environ, **environment}, "check": True, "capture_output": True}
    subprocess.run([tool("s3sync"), folder, "s3://photos/in/"], **run)
    listing = subprocess.run([tool("s3sync"), "--list", "s3://photos/in/"], **run).stdout
    return [json.loads(line) for line in listing.splitlines()]


def invoke(environment, event):
    with Bootstrap([tool("lambda-bootstrap"), "--", ROOT / "deploy" / "infer-objects"], env=environment) as function:
        outcome = function.call(json.dumps(event).encode())
        return outcome.kind, json.loads(outcome.result)


def fetch(environment, uri):
    return subprocess.run([tool("s3sync"), uri, "-"], capture_output=True, env={**os.environ, **environment})


def test_predictions_are_stored(environment, records):
    assert len(records) == 4
    output = "s3://photos/out/predictions.ndjson"
    assert invoke(environment, {"objects": records, "output": output}) == ("response", {"output": output, "images": 4})
    lines = [json.loads(line) for line in fetch(environment, output).stdout.splitlines()]
    assert len(lines) == 4
    assert sorted("error" in line for line in lines) == [False, False, False, True]


@pytest.mark.parametrize("event", [{}, {"objects": []}, {"objects": [{}], "output": "nowhere"}, {"objects": "x", "output": "s3://a/b"},
                                   {"objects": [{}], "output": "s3://photos/"}])
def test_an_event_of_another_shape_is_bad_input(environment, event):
    kind, error = invoke(environment, event)
    assert (kind, error["errorType"]) == ("error", "Function.BadInput")


def test_nothing_is_stored_when_a_stage_fails(environment, records):
    output = "s3://photos/out/none.ndjson"
    kind, error = invoke({**environment, "CLASSIFY_MODEL": "/nonexistent.onnx"}, {"objects": records, "output": output})
    assert (kind, error["errorType"]) == ("error", "Function.Configuration")
    assert fetch(environment, output).returncode != 0


def test_an_unreachable_service_is_worth_another_try(environment, records):
    event = {"objects": records, "output": "s3://photos/out/x.ndjson"}
    kind, error = invoke({**environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}, event)
    assert (kind, error["errorType"]) == ("error", "Function.Retry")
