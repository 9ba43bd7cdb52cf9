"""The whole cloud on this machine: photographs through the bucket and Batch, and by HTTP, with the answers they must get."""

import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from support.tools import BIN, MODEL, ROOT, SHARED

pytestmark = pytest.mark.skipif(SHARED is None, reason="../shared is absent")

# What onnxruntime says of them with the embedded model, from its page.
CLASSES = {"cat": "cat", "chelsea": "cat", "golden-retriever": "dog", "hummingbird": "bird", "macaw": "bird"}


def environment(folder):
    return {**os.environ, "BIN": str(BIN), "CLASSIFY_MODEL": str(MODEL), "CLOUD_FOLDER": str(folder),
            "CLOUD_VENV": sys.prefix, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}


def command(*arguments):
    return [ROOT / "deploy" / "cloud" / "demo-cloud.sh", *arguments]


def photos():
    return [SHARED / "photos" / f"{name}.jpg" for name in CLASSES]


def processes_of(folder):
    """The ids of the processes that have a file below `folder` open or in their command."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            files = [os.readlink(link) for link in (process / "fd").iterdir()]
        except OSError:
            continue
        if str(folder).encode() in words or any(name.startswith(str(folder)) for name in files):
            found.append(int(process.name))
    return [pid for pid in found if pid != os.getpid()]


def first_class(line):
    return json.loads(line)["predictions"][0]["label"]


@pytest.fixture(scope="module")
def folder_served(tmp_path_factory):
    """The demos' parent folder, with something of its owner's in it."""
    folder = tmp_path_factory.mktemp("served") / "cloud"
    folder.mkdir()
    (folder / "precious.txt").write_text("not the demo's")
    return folder


@pytest.fixture(scope="module")
def served(folder_served):
    """The cloud kept running with --serve, and its address."""
    folder = folder_served
    process = subprocess.Popen(
        command("--serve", "--port", "0"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment(folder), start_new_session=True)
    url = ""
    for line in process.stderr:
        if line.strip().startswith("page"):
            url = line.split()[1]
        if line.strip().startswith("logs"):
            break
    assert url, "it did not come up"
    yield url
    started = processes_of(folder)
    assert len(started) >= 3
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=30) == 130
    deadline = time.monotonic() + 5
    while processes_of(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    # Ctrl-C has ended every one of them, and removed what the script made.
    assert processes_of(folder) == []
    assert [path.name for path in folder.iterdir()] == ["precious.txt"]


def test_photographs_through_the_bucket_and_by_http_beside_another_demo(served, folder_served):
    """Both have the same parent folder."""
    before = sorted(folder_served.iterdir())
    done = subprocess.run(
        command("--port", "0", *photos()), capture_output=True, text=True, timeout=180, env=environment(folder_served))
    assert done.returncode == 0, done.stderr
    *batch, real_time = done.stdout.splitlines()
    assert {json.loads(line)["image"]: first_class(line) for line in batch} == {
        f"input/{name}.jpg": label for name, label in CLASSES.items()}
    assert first_class(real_time) == "cat" and "image" not in json.loads(real_time)
    assert "AWS::ApiGatewayV2::Api" in done.stderr  # what moto skips is said
    assert sorted(folder_served.iterdir()) == before and len(before) == 2


@pytest.mark.parametrize("name", ["moto.server", "aws-lambda-rie"])
def test_server_that_ends_is_said(tmp_path, name):
    process = subprocess.Popen(
        command("--serve", "--port", "0"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env=environment(tmp_path), start_new_session=True)
    for line in process.stderr:
        if line.strip().startswith("logs"):
            break
    victims = [pid for pid in processes_of(tmp_path) if name.encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(victims[0], signal.SIGKILL)
    rest = process.stderr.read()
    assert process.wait(timeout=30) == 69
    assert f"{name}" in rest and "has ended with status -9" in rest and "the logs are in" in rest and "Traceback" not in rest
    assert processes_of(tmp_path) == []


def post(url, body, kind="image/jpeg"):
    request = urllib.request.Request(f"{url}/predict", body, {"content-type": kind})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.mark.parametrize("kind", ["image/jpeg", "application/jpeg", "application/octet-stream"])
@pytest.mark.parametrize("name, label", CLASSES.items())
def test_one_photograph(served, name, label, kind):
    status, answer = post(served, (SHARED / "photos" / f"{name}.jpg").read_bytes(), kind)
    assert status == 200 and answer["predictions"][0]["label"] == label


def test_page_and_health(served):
    with urllib.request.urlopen(f"{served}/") as answer:
        assert answer.headers["content-type"].startswith("text/html") and b"<html" in answer.read()
    with urllib.request.urlopen(f"{served}/health") as answer:
        assert json.loads(answer.read()) == {"status": "ok"}


@pytest.mark.parametrize("body, kind, status", [
    (b"\x89PNG\r\n\x1a\n" + b"0" * 64, "image/jpeg", 415), (b"\xff\xd8\xff\xe0 no more", "image/jpeg", 422),
    (b"{}", "application/json", 415), (b"\xff\xd8" + b"0" * (11 << 20), "image/jpeg", 413)])
def test_bodies_that_are_not_photographs(served, body, kind, status):
    assert post(served, body, kind)[0] == status
    assert post(served, (SHARED / "photos" / "cat.jpg").read_bytes())[0] == 200


def descendants_named(name, folder):
    """The ids of processes of that name whose group was started for `folder`'s functions."""
    runtimes = set(processes_of(folder))
    parents = {}
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            words = status.read_text().rsplit(")", 1)
        except OSError:
            continue
        pid, comm = words[0].split(" (", 1)
        parents[int(pid)] = (comm, int(words[1].split()[1]))
    found = []
    for pid, (comm, parent) in parents.items():
        while parent in parents and parent not in runtimes:
            parent = parents[parent][1]
        if comm == name and (parent in runtimes or pid in runtimes):
            found.append(pid)
    return found


def test_nothing_is_lost_when_the_worker_is_killed_under_load(served, folder_served):
    """Every request is answered: with its prediction, or with 503 while the pipeline is started again."""
    answers, photo = [], (SHARED / "photos" / "cat.jpg").read_bytes()

    def ask():
        for _ in range(25):
            answers.append(post(served, photo))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        kills = 0
        while not all(future.done() for future in asking) and kills < 3:
            time.sleep(0.3)
            for pid in descendants_named("classify", folder_served)[:1]:
                os.kill(pid, signal.SIGKILL)
                kills += 1
        for future in asking:
            future.result()
    assert kills >= 1 and len(answers) == 100
    predictions = [answer for status, answer in answers if status == 200]
    assert {answer["predictions"][0]["label"] for answer in predictions} == {"cat"}
    assert {status for status, _ in answers} <= {200, 503} and len(predictions) >= 90
    assert post(served, photo)[0] == 200
