#!/usr/bin/env python3
"""A manual page out of what a tool says about itself: `manual-page.py DATE TOOL > TOOL.1`.

swift-argument-parser describes a tool's arguments as JSON.
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
    """An argument as it is typed, in bold and italics: `-h, --help`, `--top N`, `[FILE ...]`."""
    value = argument.get("valueName", "value")
    if argument["kind"] == "positional":
        return f"\\fI{escape(value)}\\fR" + (" ..." if argument.get("isRepeating") else "")
    names = ", ".join(f"\\fB{escape(spelled(name))}\\fR" for name in argument["names"])
    return names + (f" \\fI{escape(value)}\\fR" if argument["kind"] == "option" else "")


def page(command, date):
    name = command["commandName"]
    arguments = [argument for argument in command.get("arguments", []) if argument.get("shouldDisplay", True)]
    lines = [
        f'.TH {name.upper()} 1 "{date}" "image-classification" "User Commands"',
        ".SH NAME", f"{escape(name)} \\- {escape(command.get('abstract', '').rstrip('.'))}",
        ".SH SYNOPSIS", f".B {escape(name)}",
        *[invocation(argument) for argument in arguments if argument["kind"] == "positional"],
        "[\\fIOPTION\\fR ...]"]
    if command.get("discussion"):
        lines.append(".SH DESCRIPTION")
        for paragraph in command["discussion"].split("\n\n"):
            # Columns are kept as they are.
            lines += [".PP", *([".nf", escape(paragraph), ".fi"] if re.search(r"\S {2,}\S", paragraph) else [escape(paragraph)])]
    section = object()
    for argument in arguments:
        if argument.get("sectionTitle") != section:
            section = argument.get("sectionTitle")
            lines.append(f".SH {(section or 'options').upper()}")
        lines += [".TP", invocation(argument), escape(argument.get("abstract", "")) or "\\&"]
        default = argument.get("defaultValue")
        if default and default not in argument.get("abstract", ""):
            lines.append(f"Default: {escape(default)}.")
    return "\n".join(lines) + "\n"


def main(date, tool):
    dump = subprocess.run([tool, "--experimental-dump-help"], capture_output=True, text=True, check=True)
    return page(json.loads(dump.stdout)["command"], date)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: manual-page.py DATE TOOL")
    sys.stdout.write(main(*sys.argv[1:]))
