"""What the documents name exists: files of the map of the code, scripts, and the README's size."""

import re

import pytest
from support.tools import ROOT

DOCUMENTS = [ROOT / name for name in (
    "README.md", "CONTRIBUTING.md", "SECURITY.md", "Tests/README.md", "Sources/README.md", "deploy/README.md")]


def test_the_readme_is_read_in_five_minutes():
    assert len((ROOT / "README.md").read_text().split()) < 1500


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_paths_in_documents_exist(document):
    """Every `path/with.extension` or `folder/` in code style, relative to the document, the root or Sources."""
    missing = []
    for text in re.findall(r"`([A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.*<>-]+)*/?)`", document.read_text()):
        known = text.endswith("/") or re.search(r"\.(swift|sh|py|md|yaml|h|c|1|5|html|onnx|txt)$", text)
        if not known or "*" in text or "<" in text or text.startswith(".") or re.search(r"(^|/)(MODEL|NAME|X|own)\.", text):
            continue
        bases = [document.parent, ROOT, ROOT / "Sources", ROOT / "deploy", ROOT / "Tests"]
        found = any((base / text).exists() for base in bases)
        if not found and "/" not in text.rstrip("/"):
            found = any(True for folder in ("Sources", "Tests", "deploy") for _ in (ROOT / folder).rglob(text))
        if not found and text.count("/") == 1 and not text.endswith("/"):
            folder, name = text.split("/")
            found = any(path.parent.name == folder for path in (ROOT / "Sources").rglob(name))
        if not found and not re.search(r"^[a-z-]+/$", text):
            missing.append(text)
    assert not missing
