"""Whole networks compared with onnxruntime: random-weight ResNet-50, real SqueezeNet through the whole pipe, the embedded model."""

import io
import json
import subprocess
import tarfile

import numpy as np
import onnx
import onnxruntime
import pytest

from support import make_resnet
from support.images import cifar_tensors
from support.onnxnet import run_file
from support.tools import EMULATED, MODEL, SHARED, run, tool

needs_shared = pytest.mark.skipif(SHARED is None, reason="../shared is absent")
needs_imgdecode = pytest.mark.skipif(
    subprocess.run([tool("imgdecode"), "--version"], capture_output=True).returncode != 0, reason="imgdecode is not built")
IMAGES = 100 if EMULATED else 1000
SQUEEZENET = ["--bgr", "--scale", "1", "--mean", "104,117,123", "--std", "1,1,1"]
# ../shared/README.md: the first class and its probability, by onnxruntime on Pillow's pixels.
TABLE = {
    "cat.jpg": (285, .769), "chelsea.jpg": (285, .423), "coffee.jpg": (967, .972), "golden-retriever.jpg": (207, .994),
    "hotdog.jpg": (934, .853), "hummingbird.jpg": (94, .902), "macaw.jpg": (88, .882), "rocket.jpg": (733, .217)}


def peer(path, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


@pytest.mark.parametrize("variant", ["v1", "v1.5"])
def test_resnet50_agrees_with_onnxruntime(variant, tmp_path):
    """1e-4 of the largest logit directly, 2e-4 with Winograd's transforms."""
    path = tmp_path / "resnet.onnx"
    onnx.save(make_resnet.build(variant), path)
    x = np.random.default_rng(3).standard_normal((3, 3, 224, 224), dtype=np.float32)
    wanted = peer(path, x)
    for threads in (1, 2):
        got = run_file(path, [x], threads=threads)[0]
        assert np.abs(got - wanted).max() <= 2e-4 * np.abs(wanted).max()
    alone = run_file(path, [x[1:2]])[0]
    assert np.abs(alone - wanted[1:2]).max() <= 2e-4 * np.abs(wanted).max()


@needs_shared
@needs_imgdecode
@pytest.mark.parametrize("name", ["squeezenet-fp32", "squeezenet-fp16"])
def test_squeezenet_through_the_pipe(name):
    photos = sorted((SHARED / "photos").glob("*.jpg"))
    tensors = run([tool("imgdecode"), *photos]).stdout
    result = run([tool("classify"), "--model", SHARED / "models" / f"{name}.onnx", "--labels",
                  SHARED / "models" / "synset.txt", *SQUEEZENET], stdin=tensors)
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == len(TABLE)
    for line in lines:
        index, probability = TABLE[line["image"].rsplit("/", 1)[-1]]
        best = line["predictions"][0]
        assert list(line) == ["image", "model", "predictions"] and list(best) == ["index", "id", "label", "probability"]
        assert best["index"] == index
        assert abs(best["probability"] - probability) < 0.015, line["image"]


def tensors_of(archive):
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        return [(m.name, np.load(io.BytesIO(members.extractfile(m).read()))) for m in members]


@needs_shared
@needs_imgdecode
@pytest.mark.skipif(EMULATED, reason="an emulated processor takes minutes for these images")
def test_embedded_model_on_ten_thousand_images():
    """The share that is right: 83.9 %, as onnxruntime answers on Pillow's bilinear enlargement of the same 10,000 images."""
    decode = subprocess.Popen(
        [tool("imgdecode"), "--resize", "224", "--threads", "2"], stdin=open(SHARED / "data" / "cifar10-test.tar", "rb"),
        stdout=subprocess.PIPE)
    result = subprocess.run(
        [tool("classify"), "--model", str(MODEL), "--top", "2", "--batch", "8"], stdin=decode.stdout,
        capture_output=True, timeout=300)
    assert decode.wait() == 0 and result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == 10_000
    right = sum(line["predictions"][0]["label"] == line["image"].split("/")[-2] for line in lines)
    assert abs(right / 100 - 83.9) <= 0.2


@needs_shared
@needs_imgdecode
@pytest.mark.parametrize("name,contract", [("embedded", []), ("squeezenet-fp32", SQUEEZENET)])
def test_first_class_is_onnxruntimes_on_many_images(name, contract, tmp_path):
    path = MODEL if name == "embedded" else SHARED / "models" / f"{name}.onnx"
    tensors = cifar_tensors(IMAGES)
    result = run([tool("classify"), "--model", path, "--top", "1", "--batch", "8", *contract], stdin=tensors, timeout=200)
    ours = [json.loads(line)["predictions"][0]["index"] for line in result.stdout.splitlines()]
    pixels = [array for _, array in tensors_of(tensors)]
    assert len(ours) == len(pixels) == IMAGES
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    at_once = 1 if entry.shape[0] == 1 else 8
    for start in range(0, len(pixels), at_once):
        x = np.stack(pixels[start:start + at_once]).astype(np.float32)
        if name == "embedded":
            x = (x / 255 - np.array([.485, .456, .406], np.float32)) / np.array([.229, .224, .225], np.float32)
        else:
            x = x[..., ::-1] - np.array([104, 117, 123], np.float32)
        scores = session.run(None, {entry.name: np.ascontiguousarray(x.transpose(0, 3, 1, 2))})[0].reshape(len(x), -1)
        if name == "embedded":
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
            scores = powers / powers.sum(axis=1, keepdims=True)
        for first, row in zip(ours[start:], scores):
            two = np.sort(row)[-2:]
            assert first == row.argmax() or two[1] - two[0] < 1e-4
