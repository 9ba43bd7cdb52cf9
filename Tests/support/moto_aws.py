"""`aws cloudformation deploy` for a stack in moto.

moto's change sets give a stack no outputs and lose its conditions, so this is create-stack or update-stack of the template
as deploy/cloud/moto_template.py makes it. Everything else that a script asks goes to the real CLI.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "deploy" / "cloud"))

from moto_template import for_moto  # noqa: E402



def deploy(words):
    """Creates or updates the stack by the words after `aws cloudformation deploy`; the CLI's status."""
    stack, path = words[words.index("--stack-name") + 1], words[words.index("--template-file") + 1]
    given = dict(word.split("=", 1) for word in words[words.index("--parameter-overrides") + 1:])
    described = subprocess.run(
        ["aws", "cloudformation", "describe-stacks", "--stack-name", stack], capture_output=True, check=False)
    exists = described.returncode == 0
    if exists:
        kept = json.loads(described.stdout)["Stacks"][0].get("Parameters", [])
        given = {**{slot["ParameterKey"]: slot["ParameterValue"] for slot in kept}, **given}
    # moto gives an empty list back as a Python list.
    given = {name: "" if value in ("['']", "[]") else value for name, value in given.items()}
    template, _ = for_moto(path, given)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(template, file)
        file.flush()
        parameters = json.dumps([{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()])
        return subprocess.run(
            ["aws", "cloudformation", "update-stack" if exists else "create-stack", "--stack-name", stack,
             "--template-body", f"file://{file.name}", "--parameters", parameters, "--capabilities", "CAPABILITY_IAM"],
            stdout=subprocess.DEVNULL, check=False).returncode
