"""Models that take bytes, integers, half precision, channels last or one channel, from a JPEG to the line, compared with onnxruntime."""

import io
import json

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from support.tools import run, tool

TYPES = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "uint8": TensorProto.UINT8, "int32": TensorProto.INT32}
MEAN, DEVIATION = 0.4, 0.3
SIDE = 24


def jpeg():
    y, x = np.mgrid[0:60, 0:80]
    pixels = np.stack([3 * x, 2 * x + y, 255 - 4 * y], axis=-1).clip(0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def build(path, element, channels, is_last):
    """Logits that differ where a channel or an axis is exchanged; weights that suit pixels 0…255 for integer inputs."""
    rng = np.random.default_rng(channels)
    shape = ["N", SIDE, SIDE, channels] if is_last else ["N", channels, SIDE, SIDE]
    size = 1 / 255 if element in ("uint8", "int32") else 1
    weights = {
        "w": (rng.standard_normal((8, channels, 3, 5)) * size).astype(np.float32),
        "c": rng.standard_normal((8 * 4 * 4, 10)).astype(np.float32) / 4}
    nodes = [helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT)]
    if is_last:
        nodes.append(helper.make_node("Transpose", ["f"], ["p"], perm=[0, 3, 1, 2]))
    nodes += [
        helper.make_node("Conv", [nodes[-1].output[0], "w"], ["a"], pads=[1, 2, 1, 2]), helper.make_node("Relu", ["a"], ["r"]),
        helper.make_node("AveragePool", ["r"], ["b"], kernel_shape=[6, 6], strides=[6, 6]),
        helper.make_node("Flatten", ["b"], ["l"]), helper.make_node("MatMul", ["l", "c"], ["y"])]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TYPES[element], shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 10])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.mark.parametrize("is_last", [False, True], ids=["channels first", "channels last"])
@pytest.mark.parametrize("channels", [3, 1])
@pytest.mark.parametrize("element", TYPES)
def test_from_a_jpeg(tmp_path, element, channels, is_last):
    model = build(tmp_path / "m.onnx", element, channels, is_last)
    takes_integers = element in ("uint8", "int32")
    stated = [] if takes_integers else ["--mean", str(MEAN), "--std", str(DEVIATION)]
    classify = [tool("classify"), "--model", model, "--activation", "none", "--top", "10", *stated]
    flags = run([*classify, "--print-imgdecode-flags"]).stdout.decode().split()
    assert ("--gray" in flags) == (channels == 1)
    tensor = run([tool("imgdecode"), *flags], stdin=jpeg()).stdout
    pixels = np.load(io.BytesIO(tensor))
    assert pixels.shape == (SIDE, SIDE, channels) and pixels.dtype == np.uint8

    result = run(classify, stdin=tensor)
    assert result.returncode == 0, result.stderr
    # Integer inputs are pixels without any preprocessing, so nothing is assumed.
    assert result.stderr == b""
    x = pixels if takes_integers else (pixels.astype(np.float32) / 255 - MEAN) / DEVIATION
    x = (x if is_last else x.transpose(2, 0, 1))[None].astype(element)
    (wanted,) = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": x})
    got = {p["index"]: p["probability"] for p in json.loads(result.stdout)["predictions"]}
    tolerance = 2e-3 if element == "float16" else 1e-4
    for index, value in enumerate(wanted[0]):
        assert abs(got[index] - value) <= tolerance * max(1, np.abs(wanted).max()), (index, got, wanted)


def test_another_number_of_channels_is_named(tmp_path):
    model = build(tmp_path / "m.onnx", "uint8", 1, False)
    stream = io.BytesIO()
    np.save(stream, np.zeros((SIDE, SIDE, 3), np.uint8))
    result = run([tool("classify"), "--model", model], stdin=stream.getvalue())
    assert result.returncode == 65 and b"(1, 24, 24)" in result.stderr and b"--gray" in result.stderr
