"""Each instruction set stays in its own objects, and the narrower ones run on processors that have no more."""

import json
import os
import re
import shutil
import subprocess

import numpy
import pytest

from support.tools import BIN, MODEL, tool

QEMU = shutil.which("qemu-x86_64")
# The targets of instruction sets, and the multiplication of each one's register tiles with how many of them a row of a step takes: two
# vectors, twice where a vector takes two multiplications, twice again where one loop serves safe and other weights.
TARGETS = ["KernelsAVX2", "KernelsAVX512", "KernelsVNNI", "KernelsBF16"]
TILES = [
    ("KernelsAVX2", "gemmTiles", "vfmadd", 2, 6), ("KernelsAVX512", "gemmTiles", "vfmadd", 2, 12),
    ("KernelsAVX2", "mixedTiles", "vpmadd", 4, 6), ("KernelsAVX512", "mixedTiles", "vpmadd", 4, 8),
    ("KernelsVNNI", "gemmTiles", "vpdpbusd", 2, 12), ("KernelsBF16", "gemmTiles", "vdpbf16ps", 2, 12),
]


def image(seed=0):
    import io

    pixels = numpy.random.default_rng(seed).integers(0, 256, (224, 224, 3), dtype=numpy.uint8)
    file = io.BytesIO()
    numpy.save(file, pixels)
    return file.getvalue()


def classes(command, **environment):
    done = subprocess.run(
        command + [tool("classify"), "--model", str(MODEL), "--threads", "1"], input=image(), capture_output=True,
        timeout=120, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return [(p["index"], p["probability"]) for p in json.loads(done.stdout)["predictions"]]


def same(ours, others):
    assert [index for index, _ in ours] == [index for index, _ in others]
    assert all(abs(a - b) < 1e-4 for (_, a), (_, b) in zip(ours, others))


@pytest.mark.skipif(QEMU is None, reason="qemu-user is absent")
@pytest.mark.parametrize("processor", ["Nehalem", "Haswell"])
def test_a_processor_without_wider_vectors(processor):
    same(classes([QEMU, "-cpu", processor]), classes([]))


def test_the_narrowest_set_can_be_forced():
    same(classes([], CLASSIFY_ISA="portable"), classes([]))


@pytest.mark.parametrize("setting", ["sse9", "", "avx2,vnni", "avx512,-sse9", "AVX2"])
def test_an_invalid_set_is_a_configuration_error(setting):
    done = subprocess.run(
        [tool("classify"), "--model", str(MODEL)], input=image(), capture_output=True, timeout=60,
        env={**os.environ, "CLASSIFY_ISA": setting})
    assert done.returncode == 78 and not done.stdout
    message = done.stderr.decode()
    assert message.startswith(f"classify: CLASSIFY_ISA={setting}: ") and message.count("\n") == 1, message


@pytest.mark.skipif(QEMU is None, reason="qemu-user is absent")
def test_a_set_the_processor_cannot_run_is_a_configuration_error():
    done = subprocess.run(
        [QEMU, "-cpu", "Nehalem", tool("classify"), "--model", str(MODEL)], input=image(), capture_output=True,
        timeout=60, env={**os.environ, "CLASSIFY_ISA": "avx2"})
    assert done.returncode == 78, done.stderr
    assert done.stderr.decode() == "classify: CLASSIFY_ISA=avx2: this processor cannot run avx2\n"


def symbols(path, kinds):
    """The names of the code an object defines, of the given kinds (nm's letters)."""
    listing = subprocess.run(["nm", "--defined-only", str(path)], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^[0-9a-f]+ (\S) (\S+)$", listing, re.M)
    return {name for kind, name in found if kind in kinds and not name.startswith("__swift_reflection_version")}


@pytest.mark.skipif(not (BIN / "KernelsAVX2.build").exists(), reason="the objects of the release build are absent")
@pytest.mark.parametrize("target", TARGETS)
def test_no_object_shares_a_weak_symbol_with_an_instruction_set(target):
    """The linker keeps one copy of a weak symbol: were it the one compiled for AVX-512, other paths would run it."""
    ours = set().union(*(symbols(path, "WV") for path in (BIN / f"{target}.build").glob("*.o")))
    assert ours, "the kernels of the target are weak specialisations"
    for path in BIN.glob("*.build/*.o"):
        if path.parent.name != f"{target}.build":
            assert not ours & symbols(path, "WVT"), path


@pytest.mark.skipif(not (BIN / "KernelsAVX2.build").exists(), reason="the objects of the release build are absent")
@pytest.mark.parametrize("target, tiles, multiplication, per_row, tallest", TILES)
def test_every_height_of_the_register_tile_is_a_loop_without_tests(target, tiles, multiplication, per_row, tallest):
    """A height known only at run time would be tested between the multiplications, at a fifth of the speed. Nor may there be a call or
    a vector that is spilled."""
    loops = {}
    for path in (BIN / f"{target}.build").glob("*.o"):
        command = ["objdump", "-d", "--no-show-raw-insn", str(path)]
        listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for name, body in re.findall(rf"^[0-9a-f]+ <(\S*{tiles}\S*)>:\n(.*?)\n\n", listing + "\n", re.M | re.S):
            loops[name] = max(re.split(r"\tj\w+\s", body), key=lambda run: run.count(f"\t{multiplication}"))
    counts = {loop.count(f"\t{multiplication}") for loop in loops.values()}
    assert {per_row * height for height in range(2, tallest + 1)} <= counts, counts
    for name, loop in loops.items():
        if loop.count(f"\t{multiplication}") > per_row * tallest:
            continue  # compiled, never called
        assert "\tcall" not in loop, name
        assert not re.search(r"\tvmov[ua]p?\w*\s+%[xyz]mm\d+,-?(0x)?[0-9a-f]*\(%r[sb]p\)", loop), name  # a vector is spilled
