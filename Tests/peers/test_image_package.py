"""The Debian package, installed and run in a fresh root that debootstrap made."""

import gzip
import io
import json
import os
import shutil
import subprocess
import tarfile

import pytest

from support.containers import DEBIAN, base, buildah, done, needs_buildah
from support.tools import BIN, MODEL, ROOT

TOOLS = ["imgdecode", "classify", "s3sync", "batchsubmit", "lambda-bootstrap"]

pytestmark = [needs_buildah, pytest.mark.alone]


def build_package(folder):
    """The path of a package made of the tools under test."""
    made = subprocess.run([ROOT / "deploy" / "package-deb.sh", folder], capture_output=True, text=True, check=True,
                          env={**os.environ, "BIN": str(BIN)})
    return made.stdout.strip()


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package's path."""
    return build_package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def root(package):
    """A container of nothing but Debian, the package and a model."""
    base()
    container = done(buildah("from", "--pull-never", DEBIAN)).strip()
    done(buildah("copy", "-q", container, package, "/tmp/package.deb"))
    done(buildah("copy", "-q", container, MODEL, "/tmp/model.onnx"))
    done(inside(container, "sh", "-c", "apt-get update -qq && apt-get install -qq -y --no-install-recommends /tmp/package.deb"))
    yield container
    buildah("rm", container)


def inside(container, *words, **options):
    return buildah("run", "--isolation", "chroot", container, "--", *words, **options)


@pytest.mark.parametrize("tool", TOOLS)
def test_tool_is_on_the_path(root, tool):
    assert done(inside(root, tool, "--version")).strip()


def test_a_pipe(root):
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (320, 240), (90, 140, 200)).save(file, "JPEG")
    answer = inside(root, "sh", "-c", "imgdecode | classify --model /tmp/model.onnx", input=file.getvalue(), text=False)
    assert len(json.loads(done(answer))["predictions"]) == 5


def test_manual_pages_and_completions(package):
    """In the package itself: the root leaves documentation out, as Debian's slim image does."""
    data = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as files:
        for tool in TOOLS:
            page = gzip.decompress(files.extractfile(f"./usr/share/man/man1/{tool}.1.gz").read()).decode()
            assert page.startswith(f".TH {tool.upper()} 1") and ".SH NAME" in page and len(page) > 1000
            assert ".SH OPTIONS" in page and "\\-\\-help" in page
            for shell, path in [("bash", f"bash-completion/completions/{tool}"), ("zsh", f"zsh/vendor-completions/_{tool}"),
                                ("fish", f"fish/vendor_completions.d/{tool}.fish")]:
                completion = files.extractfile(f"./usr/share/{path}").read()
                assert tool.encode() in completion and b"help" in completion
                checker = shutil.which(shell)
                assert not checker or subprocess.run([checker, "-n"], input=completion, check=False).returncode == 0, path


def test_same_sources_make_the_same_package(package, tmp_path):
    with open(package, "rb") as first, open(build_package(tmp_path), "rb") as second:
        assert first.read() == second.read()


def test_removing_leaves_nothing(root):
    done(inside(root, "apt-get", "remove", "-qq", "-y", "image-classification"))
    assert inside(root, "which", *TOOLS).stdout == ""
