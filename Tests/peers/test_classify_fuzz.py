"""A small part of Tests/fuzz/fuzz_models.py: no changed model may end the program."""

import subprocess
import sys

from support.tools import ROOT


def test_changed_models_do_not_trap():
    result = subprocess.run(
        [sys.executable, ROOT / "Tests" / "fuzz" / "fuzz_models.py", "--count", "1500", "--seed", "7", "--no-peer"],
        capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 signals" in result.stdout
