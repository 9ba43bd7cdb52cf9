"""What Arm alone shows: the package for it, kernels with pages of 64 KiB. Tests/long/arm64.sh runs this with emulated tools."""

import io
import json
import os
import pathlib
import subprocess

import numpy
import pytest
from PIL import Image

from support.tools import MODEL, ROOT, run, tool

TOOLS = ["imgdecode", "classify", "s3sync", "batchsubmit", "lambda-bootstrap"]
ARM64_ROOT = pathlib.Path(os.environ["ARM64_ROOT"])
EMULATE = [ROOT / "Tests" / "support" / "arm64.sh", "run", ARM64_ROOT]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """(path of a package made of the Arm tools, folder with its files)"""
    folder = tmp_path_factory.mktemp("package")
    made = subprocess.run(
        [ROOT / "deploy" / "package-deb.sh", folder], capture_output=True, text=True,
        env={**os.environ, "BIN": str(ARM64_ROOT / "build" / "release"), "STRIP": "aarch64-linux-gnu-strip",
             "RUN": " ".join(map(str, EMULATE))})
    assert made.returncode == 0, made.stderr
    path = pathlib.Path(made.stdout.strip())
    subprocess.run(["dpkg-deb", "-x", path, folder / "files"], check=True)
    return path, folder / "files"


def field(path, name):
    return subprocess.run(["dpkg-deb", "-f", path, name], capture_output=True, text=True, check=True).stdout.strip()


def test_the_package_says_what_it_is_for(package):
    path, _ = package
    assert path.name.endswith("_arm64.deb") and field(path, "Architecture") == "arm64"
    assert field(path, "Version") == run([tool("imgdecode"), "--version"]).stdout.decode().strip()
    assert field(path, "Depends").startswith("libc6 (>= 2.")


@pytest.mark.parametrize("name", TOOLS)
def test_the_packages_tools_are_arms_and_run(package, name):
    file = package[1] / "usr" / "bin" / name
    assert file.read_bytes()[18:20] == bytes([183, 0])
    done = run([*EMULATE, file, "--version"])
    assert done.returncode == 0 and done.stdout.strip(), done.stderr
    for folder, completion in (("bash-completion/completions", name), ("fish/vendor_completions.d", f"{name}.fish")):
        assert name.encode() in (package[1] / "usr" / "share" / folder / completion).read_bytes()


def test_pages_of_64_kib_change_nothing():
    """As on kernels of that page size; qemu tells the program and rounds what it maps. Without arguments: Swift looks for them in the stack
    that /proc/self/maps shows, which qemu then shows at another place."""
    photo = io.BytesIO()
    pixels = numpy.random.default_rng(3).integers(0, 256, (60, 80, 3), dtype=numpy.uint8)
    Image.fromarray(pixels).resize((640, 480)).save(photo, "JPEG")
    results = []
    for size in ("4096", "65536"):
        tensor = run([tool("imgdecode")], stdin=photo.getvalue(), env={"QEMU_PAGESIZE": size})
        assert tensor.returncode == 0, tensor.stderr
        line = run([tool("classify")], stdin=tensor.stdout, env={"QEMU_PAGESIZE": size, "CLASSIFY_MODEL": str(MODEL)})
        assert line.returncode == 0, line.stderr
        results.append((tensor.stdout, json.loads(line.stdout)["predictions"]))
    assert results[0] == results[1]
