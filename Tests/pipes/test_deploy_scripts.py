"""Every script of deploy/ is clean, and starts with what it is for."""

import pathlib
import shutil
import subprocess

import pytest

from support.tools import ROOT


def is_script(path):
    return path.is_file() and (path.suffix == ".sh" or path.read_bytes()[:2] == b"#!")


SCRIPTS = sorted(path for path in (ROOT / "deploy").rglob("*") if is_script(path))
README = (ROOT / "deploy" / "README.md").read_text()
PERL = [path for path in SCRIPTS if path.read_bytes().startswith(b"#!/usr/bin/perl")]
SHELL = [path for path in SCRIPTS if path.suffix != ".py" and path not in PERL]


@pytest.mark.parametrize("script", SHELL, ids=lambda path: str(path.relative_to(ROOT)))
def test_shellcheck(script):
    done = subprocess.run(["shellcheck", "-x", "-P", ROOT, script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", PERL, ids=lambda path: str(path.relative_to(ROOT)))
def test_perl_has_no_complaint(script):
    done = subprocess.run(["perl", "-wc", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, f"{script} syntax OK\n")


# A failing stage of a pipeline must be seen there, which sh cannot; the reason stands in deploy/README.md.
BASH = {"batch-entrypoint.sh", "predict-pipeline", "infer-objects", "package-deb.sh", "demo.sh", "fetch.sh"}


@pytest.mark.parametrize("script", SHELL, ids=lambda path: str(path.relative_to(ROOT)))
def test_is_of_the_shell_that_it_says(script):
    """Sourced files say theirs to shellcheck, which holds every script to the language of its first line."""
    text = script.read_text()
    if script.name in BASH:
        assert text.startswith(("#!/usr/bin/env bash\n", "#!/bin/bash\n")) and script.name in README
    else:
        assert text.startswith("#!/bin/sh\n") or "# shellcheck shell=dash" in text
        assert subprocess.run(["dash", "-n", script], check=False).returncode == 0


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_says_what_it_is_for(script):
    lines = script.read_text(encoding="utf-8").splitlines()
    first = lines[1] if lines[0].startswith("#!") else lines[0]
    assert first.startswith(("# ", '"""')) and len(first) > 30


def test_there_are_scripts_to_check():
    assert shutil.which("shellcheck") and len(SHELL) >= 8
    assert pathlib.Path(ROOT / "deploy" / "install.sh") in SHELL
