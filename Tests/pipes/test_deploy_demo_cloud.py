"""demo-cloud.sh without a cloud: what it never removes, and what it says when it cannot begin. The servers are doubles."""

import os
import socket
import subprocess
import sys

import pytest

from support.tools import BIN, MODEL, ROOT

DEMO = ROOT / "deploy" / "cloud" / "demo-cloud.sh"


def demo(folder, *arguments, path="", **environment):
    return subprocess.run(
        [DEMO, *arguments], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
        env={**os.environ, "BIN": str(BIN), "CLASSIFY_MODEL": str(MODEL), "CLOUD_FOLDER": str(folder), "CLOUD_VENV": sys.prefix,
             "PATH": path + os.environ["PATH"], **environment})


def said(done):
    """What a person reads: one line of a reason, and never a traceback."""
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


@pytest.fixture
def folder(tmp_path):
    """A folder with something of its owner's in it."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years of work")
    (tmp_path / "moto.log").write_text("not the demo's")
    return tmp_path


def untouched(folder):
    assert (folder / "precious" / "thesis.txt").read_text() == "years of work"
    assert (folder / "moto.log").read_text() == "not the demo's"
    return sorted(path.name for path in folder.iterdir() if path.name not in ("precious", "moto.log"))


def test_port_in_use_is_said_at_once_and_by_its_number(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = demo(folder, "--port", str(port))
    assert done.returncode == 69 and f"port {port} is not free" in said(done)
    assert untouched(folder) == []


@pytest.mark.parametrize("arguments, status", [(["--no-such"], 64), (["--port", "x"], 64), (["--port", "70000"], 64), (["/nowhere.jpg"], 65)])
def test_wrong_call_starts_nothing(folder, arguments, status):
    done = demo(folder, *arguments)
    assert done.returncode == status and said(done)
    assert untouched(folder) == []


def test_tools_that_are_missing_are_said(folder):
    done = demo(folder, BIN="/nowhere")
    assert done.returncode == 69 and "/nowhere/imgdecode is missing" in said(done)


@pytest.fixture
def broken_python(tmp_path_factory):
    """An environment whose moto ends at once; the rest of Python is the real one's."""
    venv = tmp_path_factory.mktemp("venv")
    (venv / "bin").mkdir()
    python = venv / "bin" / "python"
    python.write_text(f"#!/bin/sh\nexport PYTHONPATH={venv}\nexec {sys.executable} \"$@\"\n")
    python.chmod(0o755)
    (venv / "moto").mkdir()
    (venv / "moto" / "__init__.py").write_text("")
    (venv / "moto" / "server.py").write_text("raise SystemExit('no such region')\n")
    (venv / "moto_template.py").write_text("")
    parsing = venv / "moto" / "cloudformation"
    parsing.mkdir()
    (parsing / "__init__.py").write_text("")
    (parsing / "parsing.py").write_text("def get_model_map():\n    return {}\n")
    return venv


def test_moto_that_ends_is_said_with_its_log(folder, broken_python):
    done = demo(folder, "--port", "0", CLOUD_VENV=str(broken_python))
    assert done.returncode == 69
    (run,) = untouched(folder)
    assert "moto.server has ended with status 1" in said(done) and f"the logs are in {folder}/{run}" in done.stderr
    assert "no such region" in (folder / run / "moto.log").read_text()
