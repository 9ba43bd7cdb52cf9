"""What classify says of an item depends on that item alone: not on those before it, the threads, or how many are in hand."""

import itertools
import json
import random

import numpy as np
import pytest

from support.streams import npy, tar
from support.tools import MODEL, run, tool

CLASSIFY = [tool("classify"), "--model", str(MODEL), "--top", "10"]
RANDOM = np.random.default_rng(9)


def floats(*shape):
    return RANDOM.standard_normal(shape).astype("<f4")


def record(name):
    return json.dumps({"image": name, "error": {"tool": "imgdecode", "code": "corrupt", "message": "bad"}}).encode()


# Of every kind that a stream may hold: (suffix of the member's name, its bytes for a given name).
ITEMS = {
    "noise": (".npy", lambda name: PIXELS[0]),
    "other noise": (".npy", lambda name: PIXELS[1]),
    "black": (".npy", lambda name: BLACK),
    "ready-made": (".npy", lambda name: READY),
    "three in one": (".npy", lambda name: SEVERAL),
    "huge numbers": (".npy", lambda name: HUGE),
    "not a number": (".npy", lambda name: INFINITE),
    "wrong geometry": (".npy", lambda name: SMALL),
    "cut": (".npy", lambda name: PIXELS[0][:-1]),
    "no header": (".npy", lambda name: b"\x93NUMPY"),
    "record": (".error.json", record),
    "forged record": (".error.json", lambda name: record("other")),
    "text": (".text", lambda name: b"hello"),
}
PIXELS = [npy(RANDOM.integers(0, 256, (224, 224, 3), dtype=np.uint8)) for _ in range(2)]
BLACK = npy(np.zeros((224, 224, 3), np.uint8))
READY, SEVERAL = npy(floats(3, 224, 224)), npy(floats(3, 3, 224, 224))
HUGE = npy(floats(3, 224, 224) * np.float32(1e30))
INFINITE = npy(np.full((3, 224, 224), np.inf, np.float32))
SMALL = npy(np.zeros((10, 10, 3), np.uint8))


def classify(kinds, *flags):
    """The output's lines for a stream of items, one list of lines for each item; names are the items' positions."""
    members = [(f"item{index:05d}" + ITEMS[kind][0], ITEMS[kind][1](f"item{index:05d}")) for index, kind in enumerate(kinds)]
    result = run([*CLASSIFY, *flags], stdin=tar(members), timeout=120)
    assert result.returncode == 0, result.stderr
    found = [[] for _ in kinds]
    for line in result.stdout.splitlines():
        name = json.loads(line)["image"][:9]
        found[int(name[4:])].append(line.replace(name.encode(), b"NAME"))
    names = [json.loads(line)["image"] for line in result.stdout.splitlines()]
    assert names == sorted(names), "the output is not in the order of the input"
    return found


@pytest.fixture(scope="module")
def alone():
    return {kind: classify([kind], "--threads", "1")[0] for kind in ITEMS}


def check(kinds, alone, *flags):
    for position, (kind, lines) in enumerate(zip(kinds, classify(kinds, *flags))):
        assert lines == alone[kind], (kind, position, kinds[max(0, position - 1)])


def test_items_differ(alone):
    assert all(alone.values()) and len(alone["three in one"]) == 3
    assert len({tuple(lines) for lines in alone.values()}) >= len(ITEMS) - 1


@pytest.mark.parametrize("flags", [["--threads", "1", "--batch", "1"], ["--threads", "1"], ["--threads", "2"]], ids=" ".join)
def test_after_every_other_item(alone, flags):
    """Every ordered pair, itself included, one after the other in one stream."""
    check([kind for pair in itertools.product(ITEMS, ITEMS) for kind in pair], alone, *flags)


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
@pytest.mark.parametrize("batch", [1, 2, 3, 5, 8])
def test_in_any_order(alone, threads, batch):
    kinds = list(ITEMS) * 2
    random.Random(10 * threads + batch).shuffle(kinds)
    check(kinds, alone, "--threads", str(threads), "--batch", str(batch))
