"""--precision: what it accepts, what it says of itself, and that products in bfloat16 lead to float32's first classes."""

import io
import json
import os

import numpy as np
import pytest

from support.images import cifar_tensors
from support.tools import EMULATED, MODEL, SHARED, run, tool

EXTENSION = "FEAT_BF16" if EMULATED else "AVX512_BF16"
HAS_BF16 = os.environ.get("QEMU_CPU", "max") == "max" if EMULATED else " avx512_bf16" in open("/proc/cpuinfo").read()
needs_bf16 = pytest.mark.skipif(not HAS_BF16, reason=f"this processor has no {EXTENSION}")
needs_shared = pytest.mark.skipif(SHARED is None, reason="../shared is absent")
on_real = pytest.mark.skipif(EMULATED, reason="an emulated processor takes minutes for these images")
FALLBACK = f"classify: precision bf16 needs {EXTENSION}, which is not available: running in float32\n"


def image(seed=0):
    file = io.BytesIO()
    np.save(file, np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    return file.getvalue()


def classify(*flags, stdin=None, model=MODEL, timeout=60, **environment):
    return run([tool("classify"), "--model", model, *flags], stdin=image() if stdin is None else stdin, timeout=timeout,
               env=environment)


def pixels():
    file = io.BytesIO()
    np.save(file, np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8))
    return file.getvalue()


def lines(result):
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_an_unknown_precision_is_called_wrongly():
    for value in ("fp16", "", "BF16"):
        result = classify("--precision", value)
        assert result.returncode == 64 and not result.stdout and b"precision" in result.stderr, value


def test_an_unknown_precision_in_the_environment_is_a_configuration_error():
    result = classify(CLASSIFY_PRECISION="int4")
    assert result.returncode == 78 and not result.stdout
    assert result.stderr == b"classify: CLASSIFY_PRECISION=int4: unknown precision: expected float32 or bf16\n"
    # The flag counts, so that the variable is not read.
    assert classify("--precision", "float32", "--describe", CLASSIFY_PRECISION="int4").returncode == 0


@pytest.mark.parametrize("flags, environment, expected", [
    ([], {}, "float32"), ([], {"CLASSIFY_PRECISION": ""}, "float32"), (["--precision", "bf16"], {}, "bf16"),
    ([], {"CLASSIFY_PRECISION": "bf16"}, "bf16"),
    (["--precision", "float32"], {"CLASSIFY_PRECISION": "bf16"}, "float32")])
def test_the_precision_is_stated(flags, environment, expected):
    if not HAS_BF16:
        expected = "float32"
    described = classify("--describe", *flags, **environment)
    assert json.loads(described.stdout)["precision"] == expected
    result = classify("--stats", *flags, stdin=pixels(), **environment)
    assert json.loads(result.stderr.splitlines()[-1])["precision"] == expected
    profile = classify("--profile", *flags, stdin=pixels(), **environment).stderr.decode()
    assert ("bf16 " in profile) == (expected == "bf16"), profile


@pytest.mark.parametrize("setting", ["portable", "neon,-bf16"] if EMULATED else ["portable", "avx2", "avx512,-bf16"])
def test_without_the_instructions_it_is_float32_and_one_line_says_so(setting):
    if setting.startswith("avx") and f" {setting[:4]}" not in open("/proc/cpuinfo").read():
        pytest.skip(f"this processor has no {setting}")
    plain = classify(stdin=pixels(), CLASSIFY_ISA=setting)
    asked = classify("--precision", "bf16", "--stats", stdin=pixels(), CLASSIFY_ISA=setting)
    assert asked.stdout == plain.stdout and asked.returncode == 0
    first, last = asked.stderr.decode().splitlines(keepends=True)
    assert first == FALLBACK and json.loads(last)["precision"] == "float32"


@needs_bf16
def test_bfloat16_is_used_and_close():
    plain, rounded = (lines(classify("--top", "10", "--precision", p, stdin=pixels()))[0] for p in ("float32", "bf16"))
    ours, theirs = ({p["index"]: p["probability"] for p in line["predictions"]} for line in (rounded, plain))
    assert ours != theirs and all(abs(ours[index] - theirs[index]) < 0.02 for index in theirs)


@needs_bf16
@needs_shared
@on_real
def test_first_classes_of_a_thousand_images_are_float32s():
    """Others only where float32's first two classes are almost equal."""
    tensors = cifar_tensors(1000)
    plain, rounded = (
        lines(classify("--top", "2", "--precision", p, stdin=tensors, timeout=120)) for p in ("float32", "bf16"))
    assert len(plain) == len(rounded) == 1000
    margins = [
        a["predictions"][0]["probability"] - a["predictions"][1]["probability"]
        for a, b in zip(plain, rounded) if a["predictions"][0]["index"] != b["predictions"][0]["index"]]
    assert len(margins) <= 5 and all(margin < 0.05 for margin in margins), margins


@needs_bf16
@needs_shared
@on_real
@pytest.mark.parametrize("model", ["squeezenet-fp32.onnx", "squeezenet-fp16.onnx"])
def test_first_classes_of_photos_are_float32s(model):
    tensors = run([tool("imgdecode"), *sorted((SHARED / "photos").glob("*.jpg"))]).stdout
    plain, rounded = (
        lines(classify("--precision", p, stdin=tensors, model=SHARED / "models" / model)) for p in ("float32", "bf16"))
    assert len(plain) == 8
    for a, b in zip(plain, rounded):
        assert a["predictions"][0]["index"] == b["predictions"][0]["index"], a["image"]
        assert abs(a["predictions"][0]["probability"] - b["predictions"][0]["probability"]) < 0.02, a["image"]
