"""Each instruction set stays in its own objects, and the narrower ones run on processors that have no more."""

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess

import numpy
import pytest

from support.tools import BIN, EMULATED, MODEL, tool

QEMU = shutil.which("qemu-x86_64")
# Tools for Arm, emulated, and the objects they were linked from (Tests/long/arm64.sh).
OBJECTS = pathlib.Path(os.environ.get("OBJECTS", BIN))
BINUTILS = "aarch64-linux-gnu-" if EMULATED else ""
on_x86 = pytest.mark.skipif(EMULATED or QEMU is None, reason="emulates x86-64 processors with qemu-user")
on_arm = pytest.mark.skipif(not EMULATED, reason="emulates Arm processors")
needs_objects = pytest.mark.skipif(not (OBJECTS / "KernelsPortable.build").exists(), reason="the objects of the release build are absent")

# The targets of instruction sets.
TARGETS = ["KernelsDotProduct", "KernelsInt8Matrix", "KernelsBFloat16Matrix"] if EMULATED else ["KernelsAVX2", "KernelsAVX512", "KernelsVNNI", "KernelsBF16"]


def rows(each, tallest):
    """The multiplications in a step of each height of a tile, of which a row takes `each`."""
    return {each * height for height in range(2, tallest + 1)}


# Each one's register tiles, their multiplication, and how many of them the loops of its heights have. A row takes two, one for each vector
# of a panel; twice that where a vector takes two multiplications, twice again where one loop serves safe and other weights. Where an
# instruction multiplies pairs of rows: 4, 8 or 12 for each of one or two pairs.
TILES = [
    ("KernelsPortable", "gemmTiles", "fmla", rows(2, 12)), ("KernelsDotProduct", "gemmTiles", "sdot", rows(2, 12)),
    ("KernelsInt8Matrix", "pairedTiles", "usmmla", {4, 8, 12, 16, 24}),
    ("KernelsBFloat16Matrix", "pairedTiles", "bfmmla", {4, 8, 12, 16, 24}),
] if EMULATED else [
    ("KernelsAVX2", "gemmTiles", "vfmadd", rows(2, 6)), ("KernelsAVX512", "gemmTiles", "vfmadd", rows(2, 12)),
    ("KernelsAVX2", "gemmTiles", "vpmaddwd", rows(2, 6)), ("KernelsAVX512", "gemmTiles", "vpmaddwd", rows(2, 12)),
    ("KernelsAVX2", "mixedTiles", "vpmadd", rows(4, 6)), ("KernelsAVX512", "mixedTiles", "vpmadd", rows(4, 8)),
    ("KernelsVNNI", "gemmTiles", "vpdpbusd", rows(2, 12)), ("KernelsBF16", "gemmTiles", "vdpbf16ps", rows(2, 12)),
]
# Where a loop is cut, a call, and a vector that is spilled.
JUMP = r"\t(?:b|b\.\w+|cbn?z|tbn?z)\s" if EMULATED else r"\tj\w+\s"
CALL = r"\tblr?\s" if EMULATED else r"\tcall"
SPILL = r"\t(?:st|ld)[up]?r?p?\s+q\d+,.*\[(?:sp|x29, #-)" if EMULATED else r"\tvmov[ua]p?\w*\s+%[xyz]mm\d+,-?(0x)?[0-9a-f]*\(%r[sb]p\)"


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


@on_x86
@pytest.mark.parametrize("processor", ["Nehalem", "Haswell"])
def test_a_processor_without_wider_vectors(processor):
    same(classes([QEMU, "-cpu", processor]), classes([]))


@on_arm
@pytest.mark.parametrize("processor", ["cortex-a53", "neoverse-n1"])
def test_an_arm_processor_without_products_of_bytes(processor):
    same(classes([], QEMU_CPU=processor), classes([]))


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


@on_x86
def test_a_set_the_processor_cannot_run_is_a_configuration_error():
    done = subprocess.run(
        [QEMU, "-cpu", "Nehalem", tool("classify"), "--model", str(MODEL)], input=image(), capture_output=True,
        timeout=60, env={**os.environ, "CLASSIFY_ISA": "avx2"})
    assert done.returncode == 78, done.stderr
    assert done.stderr.decode() == "classify: CLASSIFY_ISA=avx2: this processor cannot run avx2\n"


@functools.cache
def symbols(path, kinds):
    """The names of the code an object defines, of the given kinds (nm's letters)."""
    listing = subprocess.run([f"{BINUTILS}nm", "--defined-only", str(path)], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^[0-9a-f]+ (\S) (\S+)$", listing, re.M)
    return {name for kind, name in found if kind in kinds and not name.startswith("__swift_reflection_version")}


@needs_objects
@pytest.mark.parametrize("target", TARGETS)
def test_no_object_shares_a_weak_symbol_with_an_instruction_set(target):
    """The linker keeps one copy of a weak symbol: were it the one compiled for AVX-512, other paths would run it."""
    ours = set().union(*(symbols(path, "WV") for path in (OBJECTS / f"{target}.build").glob("*.o")))
    assert ours, "the kernels of the target are weak specialisations"
    for path in OBJECTS.glob("*.build/*.o"):
        if path.parent.name != f"{target}.build":
            assert not ours & symbols(path, "WVT"), path


@needs_objects
@pytest.mark.parametrize("target, tiles, multiplication, expected", TILES)
def test_every_height_of_the_register_tile_is_a_loop_without_tests(target, tiles, multiplication, expected):
    """A height known only at run time would be tested between the multiplications, at a fifth of the speed. Nor may there be a call or
    a vector that is spilled."""
    loops = {}
    for path in (OBJECTS / f"{target}.build").glob("*.o"):
        command = [f"{BINUTILS}objdump", "-d", "--no-show-raw-insn", str(path)]
        listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for name, body in re.findall(rf"^[0-9a-f]+ <(\S*{tiles}\S*)>:\n(.*?)\n\n", listing + "\n", re.M | re.S):
            loops[name] = sorted(re.split(JUMP, body), key=lambda run: run.count(f"\t{multiplication}"))
    counts = {runs[-1].count(f"\t{multiplication}") for runs in loops.values()}
    assert expected <= counts, counts
    for name, runs in loops.items():
        largest = runs[-1].count(f"\t{multiplication}")
        if not 0 < largest <= max(expected):
            continue  # another format's, or compiled and never called
        # The two kinds of groups of a mixed panel have a loop each: one that is missing multiplies in a function that it calls. A loop may be unrolled.
        chosen = runs[-2:] if tiles == "mixedTiles" else runs[-1:]
        for loop in chosen:
            assert 2 * loop.count(f"\t{multiplication}") >= largest, name
            assert not re.search(CALL, loop), name
            assert not re.search(SPILL, loop), name
