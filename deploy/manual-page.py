#!/usr/bin/env python3
"""Brings the OPTIONS of a manual page up to date: manual-page.py TOOL PAGE > NEW-PAGE

PAGE is written by hand but for its OPTIONS section, which follows from what the tool says about its arguments
(swift-argument-parser describes them as JSON).
"""

import json
import re
import subprocess
import sys


def escape(text):
    """roff reads a backslash, and a dot or quote at the start of a line, as its own."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in text.split("\n"))


def spelled(name):
    return {"long": "--", "short": "-", "longWithSingleDash": "-"}[name["kind"]] + name["name"]


def invocation(argument):
    """An argument as it is typed, in bold and italics: `-h, --help`, `--top N`, `FILE ...`."""
    value = argument.get("valueName", "value")
    if argument["kind"] == "positional":
        return f"\\fI{escape(value)}\\fR" + (" ..." if argument.get("isRepeating") else "")
    names = ", ".join(f"\\fB{escape(spelled(name))}\\fR" for name in argument["names"])
    return names + (f" \\fI{escape(value)}\\fR" if argument["kind"] == "option" else "")


def options(command):
    """The OPTIONS section, a subsection for each group of flags."""
    lines = [".SH OPTIONS"]
    section = None
    for argument in command.get("arguments", []):
        if not argument.get("shouldDisplay", True):
            continue
        if argument.get("sectionTitle") != section:
            section = argument.get("sectionTitle")
            lines.append(f".SS {section or 'General'}")
        abstract = argument.get("abstract", "")
        lines += [".TP", invocation(argument), escape(abstract) or "\\&"]
        default = argument.get("defaultValue")
        if default and "default" not in abstract.lower():
            lines.append(f"Default: {escape(default)}.")
    return "\n".join(lines) + "\n"


def main(tool, page):
    described = subprocess.run([tool, "--experimental-dump-help"], capture_output=True, text=True, check=True)
    with open(page, encoding="utf-8") as file:
        text = file.read()
    new = options(json.loads(described.stdout)["command"])
    return re.sub(r"^\.SH OPTIONS\n.*?(?=^\.SH )", lambda _: new, text, flags=re.S | re.M)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: manual-page.py TOOL PAGE")
    sys.stdout.write(main(*sys.argv[1:]))
