"""The script of the README that fails a build, taken out of the README and run as it is written there."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from support.images import jpeg
from support.tools import MODEL, ROOT, SHARED, run, tool

pytestmark = pytest.mark.skipif(not shutil.which("jq"), reason="jq is absent")

ENVIRONMENT = {"CLASSIFY_MODEL": str(MODEL), "PATH": f"{pathlib.Path(tool('imgdecode')).parent}:{os.environ['PATH']}"}


@pytest.fixture
def recipe(tmp_path):
    """The script, and what it says of a list of (class, path)."""
    section = (ROOT / "README.md").read_text().split("### In a build\n")[1].split("\n### ")[0].split("\n## ")[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ")]
    assert lines[0] == "#!/usr/bin/env bash"
    script = tmp_path / "check.sh"
    script.write_text("\n".join(lines) + "\n")
    script.chmod(0o755)

    def check(*expected):
        listed = tmp_path / "expected.tsv"
        listed.write_text("".join(f"{label}\t{path}\n" for label, path in expected))
        return subprocess.run([script, listed], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **ENVIRONMENT}, cwd=tmp_path)

    return check


@pytest.fixture
def image(tmp_path):
    """An image, and the class that the tools give it."""
    path = tmp_path / "an image.jpg"
    path.write_bytes(jpeg(3, (320, 240)))
    pixels = run([tool("imgdecode")], stdin=path.read_bytes()).stdout
    return json.loads(run([tool("classify")], stdin=pixels, env=ENVIRONMENT).stdout)["predictions"][0]["label"], path


def test_images_of_their_classes_pass(recipe, image):
    done = recipe(image, image)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_one_of_another_class_fails_the_build(recipe, image):
    done = recipe(image, ("no such class", image[1]), image)
    assert done.returncode == 1 and f"{image[1]}: not no such class" in done.stderr


@pytest.mark.parametrize("content", [b"", b"not a photograph", jpeg(3, (320, 240))[:900], None])
def test_what_cannot_be_decoded_fails_the_build(recipe, image, tmp_path, content):
    bad = tmp_path / "bad.jpg"
    if content is not None:
        bad.write_bytes(content)
    done = recipe(image, (image[0], bad))
    assert done.returncode == 1 and str(bad) in done.stderr


@pytest.mark.skipif(SHARED is None, reason="../shared is absent")
def test_photographs(recipe):
    photos = SHARED / "photos"
    assert recipe(("cat", photos / "cat.jpg"), ("dog", photos / "golden-retriever.jpg")).returncode == 0
    assert recipe(("dog", photos / "cat.jpg")).returncode == 1
