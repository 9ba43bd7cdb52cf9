"""Commands on the PATH that write down how they were called and answer from a table: `aws`, `docker`, `sudo` …"""

import shlex
import subprocess

from support.tools import ROOT


def answer(stdout="", status=0, stderr=""):
    """What a command says; several are given one call after another, the last to all further calls."""
    return stdout, status, stderr


class FakeCommands:
    """Rules are tried from the newest to the oldest, so that a test changes one of a common set."""

    def __init__(self, folder):
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.rules = []
        self.environment = {"AWS_REGION": "eu-west-1", "HOME": str(folder)}

    def add(self, name):
        """Puts the command on the PATH."""
        path = self.bin / name
        path.write_text(f'#!/bin/bash\nset -- {name} "$@"\n. {shlex.quote(str(self.folder))}/program.sh\n')
        path.chmod(0o755)

    def rule(self, start, *answers, parts=()):
        """Calls that begin with `start` and contain every one of `parts` get the answers in turn."""
        self.rules.insert(0, (start, list(parts), list(answers) or [answer()]))

    def _program(self):
        """A shell script, because hundreds of them are started: writes the call down, then tries rule after rule."""
        lines = [
            f"cd {shlex.quote(str(self.folder))}", "line=$*", "printf '%s\\n' \"${line//$'\\n'/ }\" >>calls",
            '[[ $2 != login ]] || cat >/dev/null',
            # A function's answer goes to a file, the last word.
            '[[ $line != "aws lambda invoke"* ]] || printf %s "${LAMBDA_ANSWER-{\\"statusCode\\":200,\\"body\\":\\"predictions\\"\\}}" >"${@: -1}"', "turn() { local n; n=$(cat turn-$1 2>/dev/null); echo $((n + 1)) >turn-$1; return $n; }"]
        for number, (start, parts, answers) in enumerate(self.rules):
            tests = [f"$line == {shlex.quote(start)}*"] + [f"$line == *{shlex.quote(part)}*" for part in parts]
            lines.append(f"if [[ {' && '.join(tests)} ]]; then turn {number}; case $? in")
            for index, (stdout, status, stderr) in enumerate(answers):
                label = "*" if index == len(answers) - 1 else index
                out = stdout + "\n" if stdout else ""
                lines.append(
                    f"{label}) printf %s {shlex.quote(out)}; printf %s {shlex.quote(stderr)} >&2; exit {status} ;;")
            lines.append("esac; fi")
        lines.append('echo "no rule for: $line" >&2; exit 99')
        return "\n".join(lines) + "\n"

    def run(self, script, *arguments):
        """Runs a script of deploy/ with only these commands and the system's own on the PATH; standard input is not a terminal."""
        (self.folder / "program.sh").write_text(self._program())
        return subprocess.run(
            [ROOT / "deploy" / script, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
            env={**self.environment, "PATH": f"{self.bin}:/usr/bin:/bin"}, cwd=self.folder)

    @property
    def calls(self):
        """Every call, as one line each."""
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def matching(self, *parts):
        """The calls that contain every one of `parts`."""
        return [call for call in self.calls if all(part in call for part in parts)]

    @property
    def changes(self):
        """The calls of the AWS CLI that change something."""
        reading = ("get-", "describe-", "list-", "head-", "filter-", "wait", "get", "batch-get-")
        return [call for call in self.calls if call.startswith("aws ") and not call.split()[2].startswith(reading)]
