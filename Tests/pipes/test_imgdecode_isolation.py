"""What imgdecode says of an image depends on that image and the flags alone: never on other images, threads or memory."""

import concurrent.futures
import io
import json
import os
import random
import tarfile

import pytest
from support.jpegs import corpus
from support.tools import run, tool

IMGDECODE = tool("imgdecode")
CORPUS = corpus()
FLAGS = ["--resize", "40", "--crop", "33"]
# Bytes that malloc fills memory with before it is used and after it is freed.
PERTURBED = [{}, {"GLIBC_TUNABLES": "glibc.malloc.perturb=85"}, {"GLIBC_TUNABLES": "glibc.malloc.perturb=170"}]
MODES = {"strict": FLAGS, "lenient": [*FLAGS, "--lenient"]}


def archive_of(names):
    """A tar of the named images in this order."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for index, name in enumerate(names):
            info = tarfile.TarInfo(str(index))
            info.size = len(CORPUS[name])
            tar.addfile(info, io.BytesIO(CORPUS[name]))
    return out.getvalue()


def results(names, *flags, env=None):
    """One result for each image: the array's bytes, or the error without the name."""
    done = run([IMGDECODE, *flags], stdin=archive_of(names), timeout=300, env=env)
    assert done.returncode == 0, done.stderr[-500:]
    out = []
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        for index, member in enumerate(tar):
            body = tar.extractfile(member).read()
            assert member.name in (f"{index}.npy", f"{index}.error.json")
            out.append(body if member.name.endswith(".npy") else json.loads(body)["error"])
    assert len(out) == len(names)
    return out


@pytest.fixture(scope="module")
def alone():
    """Each image's result in a process of its own, strict and lenient."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return {
            mode: dict(zip(CORPUS, pool.map(lambda name: results([name], *flags)[0], CORPUS)))
            for mode, flags in MODES.items()}


def assert_same(names, found, expected):
    different = [
        f"{name} after {names[index - 1] if index else 'nothing'}"
        for index, (name, result) in enumerate(zip(names, found)) if result != expected[name]]
    assert different == []


def pairs(names):
    """A sequence in which every name follows every name, itself included: a de Bruijn sequence of order 2."""
    sequence = []
    for index, name in enumerate(names):
        sequence.append(name)
        for other in names[index + 1:]:
            sequence += [name, other]
    return sequence + [names[0]]


def test_the_corpus_has_every_kind(alone):
    kinds = {"array" if isinstance(result, bytes) else result["code"] for result in alone["strict"].values()}
    assert kinds == {"array", "empty", "not-jpeg", "truncated", "corrupt", "unsupported", "too-large"}
    assert len(CORPUS) >= 150
    good = [sum(isinstance(result, bytes) for result in results_.values()) for results_ in alone.values()]
    assert 50 <= good[0] < good[1] < len(CORPUS)


@pytest.mark.parametrize("mode", MODES)
def test_every_image_after_every_other(alone, mode):
    small = [name for name, data in CORPUS.items() if len(data) < 20_000]
    names = random.Random(mode).sample(small, 160)
    sequence = pairs(names)
    assert_same(sequence, results(sequence, *MODES[mode]), alone[mode])


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
@pytest.mark.parametrize("mode", MODES)
def test_random_orders(alone, mode, threads):
    dice = random.Random(f"{mode} {threads}")
    for env in PERTURBED:
        names = dice.sample(list(CORPUS), len(CORPUS))
        found = results(names, "--threads", threads, *MODES[mode], env=env)
        assert_same(names, found, alone[mode])


@pytest.mark.parametrize("flags", [[*FLAGS, "--fast"], ["--no-resize", "--max-pixels", "200000"], [*FLAGS, "--filter", "nearest", "--dtype", "float32"]],
                         ids=["fast", "no-resize", "nearest-float32"])
def test_other_flags(flags):
    forward = list(CORPUS)
    expected = dict(zip(forward, results(forward, *flags)))
    backward = forward[::-1]
    assert_same(backward, results(backward, *flags, "--threads", 2, env=PERTURBED[1]), expected)
