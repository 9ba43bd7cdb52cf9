"""`aws cloudformation deploy` for a stack in MiniStack, which has everything in stack.yaml but Batch: those three resources are
left out, and references to them become their names. Everything else is the real CLI's work."""

import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "deploy" / "cloud"))

from moto_template import load, without  # noqa: E402


def template(path):
    """The template that MiniStack gets."""
    whole = load(path)
    batch = {name for name, entry in whole["Resources"].items() if entry["Type"].startswith("AWS::Batch::")}
    kept = {name: entry for name, entry in whole["Resources"].items() if name not in batch}
    return {**whole, "Resources": without(kept, batch), "Outputs": without(whole["Outputs"], batch)}


def deploy(words, run):
    """Runs `run` with the words after `aws cloudformation deploy`, the template replaced; its status."""
    place = words.index("--template-file") + 1
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(template(words[place]), file)
        file.flush()
        return run(["cloudformation", "deploy", *words[:place], file.name, *words[place + 1:]])
