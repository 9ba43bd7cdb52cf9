"""The release binaries and the shared test data, as tests see them."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("BIN", ROOT / ".build" / "release"))
_shared = pathlib.Path(os.environ.get("SHARED", ROOT.parent / "shared"))
SHARED = _shared if (_shared / "README.md").exists() else None
# Whether the tools are those for Arm, emulated (Tests/long/arm64.sh): instructions take ten to a hundred times as long.
EMULATED = "EMULATED" in os.environ
MODEL = ROOT / "deploy" / "model" / "cifar10-resnet20.onnx"


def tool(name):
    """The path of a release binary."""
    return str(BIN / name)


def run(arguments, stdin=b"", timeout=60, env=None, **options):
    """Runs a command to its end and returns its CompletedProcess, output as bytes."""
    return subprocess.run(
        [str(a) for a in arguments], input=stdin, capture_output=True, timeout=timeout,
        env=None if env is None else {**os.environ, **env}, **options)
