"""The manual pages say what the tools say of themselves: the same options, the same exit statuses."""

import importlib.util
import json
import re
import subprocess

import pytest
from support.tools import ROOT, run, tool

TOOLS = ["imgdecode", "classify", "s3sync", "batchsubmit", "lambda-bootstrap"]
_spec = importlib.util.spec_from_file_location("manual_page", ROOT / "deploy" / "manual-page.py")
manual_page = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(manual_page)


def page(name):
    return ROOT / "Sources" / name / f"{name}.1"


@pytest.mark.parametrize("name", TOOLS)
def test_options_are_those_of_the_tool(name):
    """Where this fails: deploy/manual-page.py TOOL PAGE > NEW, and commit it as PAGE."""
    assert manual_page.main(tool(name), page(name)) == page(name).read_text()


@pytest.mark.parametrize("name", TOOLS)
def test_exit_statuses_are_those_of_the_help(name):
    section = page(name).read_text().split(".SH EXIT STATUS\n")[1].split("\n.SH ")[0]
    described = set(re.findall(r"^\.B (\d+)$", section, flags=re.M))
    text = " ".join(run([tool(name), "--help"]).stdout.decode().split())
    listed = set(re.findall(r"\b(\d+)\b", text.split("Exit status:")[1].split(". ")[0].split("USAGE")[0]))
    assert listed and listed <= described
    defined = (ROOT / "Sources" / "Streams" / "ExitStatus.swift").read_text()
    assert all(re.search(rf"\b{status}\b", defined) for status in described)


@pytest.mark.parametrize("path", [*map(page, TOOLS), ROOT / "Sources" / "Streams" / "tensor-stream.5"], ids=lambda p: p.name)
def test_pages_have_their_sections_and_render(path):
    text = path.read_text()
    for section in ("NAME", "DESCRIPTION", "EXIT STATUS", "SEE ALSO"):
        assert f"\n.SH {section}\n" in text
    if path.suffix == ".1":
        for section in ("SYNOPSIS", "OPTIONS", "EXAMPLES"):
            assert f"\n.SH {section}\n" in text
    # Every request is one that man(7) has.
    requests = set(re.findall(r"^\.([A-Z]+|[a-z]+)", text, flags=re.M))
    assert requests <= {"TH", "SH", "SS", "TP", "PP", "B", "BR", "I", "IR", "RB", "EX", "EE", "br"}


def test_examples_name_existing_options():
    """Every option that a page mentions exists."""
    for name in TOOLS:
        described = json.loads(subprocess.run(
            [tool(name), "--experimental-dump-help"], capture_output=True, check=True).stdout)["command"]
        known = {manual_page.spelled(n) for argument in described["arguments"] for n in argument.get("names", [])}
        text = page(name).read_text().replace("\\-", "-")
        mentioned = set(re.findall(rf"\n\.B[R]? (?:{name} )?(--[a-z0-9-]+)", text))
        assert mentioned <= known | {"--"}, name


def test_every_variable_of_aws_is_documented():
    """s3sync.1 lists what the AWS module reads."""
    sources = (ROOT / "Sources" / "AWS").rglob("*.swift")
    names = {name for path in sources for name in re.findall(r'"(AWS_[A-Z0-9_]+)"', path.read_text())}
    assert len(names) > 20
    text = page("s3sync").read_text()
    assert {name for name in names if name not in text} == set()


@pytest.mark.parametrize("name", TOOLS)
def test_completions_are_of_the_shell_that_was_asked_for(name):
    scripts = [run([tool(name), "--generate-completion-script", shell]).stdout for shell in ("bash", "zsh", "fish")]
    assert b"#!/bin/bash" in scripts[0] and b"#compdef" in scripts[1] and b"complete -c" in scripts[2]
