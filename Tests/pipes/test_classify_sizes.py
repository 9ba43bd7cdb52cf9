"""Models that leave the size of images open: each tensor is classified at its own size, a few compiled sizes are kept."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from support.streams import npy, tar
from support.tools import run, tool

RNG = np.random.default_rng(5)
SIZES = [(32, 32), (24, 40), (33, 47), (64, 64), (9, 50), (32, 32), (41, 41), (24, 40), (64, 64)]


def save(path, nodes, weights, shape=("N", 3, "H", "W"), classes=10):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", classes])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def weights(*shape):
    return (RNG.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def pooled(path, width=16, shape=("N", 3, "H", "W")):
    """A model for any size."""
    return save(path, [
        helper.make_node("Conv", ["x", "a"], ["c"], pads=[1] * 4), helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Conv", ["r", "b"], ["d"], pads=[1] * 4), helper.make_node("GlobalAveragePool", ["d"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]), helper.make_node("Gemm", ["f", "w"], ["y"], transB=1),
    ], {"a": weights(width, 3, 3, 3), "b": weights(width, width, 3, 3), "w": weights(10, width)}, shape)


def flattened(path):
    """A model whose last product has the size of 8 × 8 images, regardless of what its input declares."""
    return save(path, [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("Gemm", ["f", "w"], ["y"], name="fc")],
                {"w": weights(192, 10)})


def pixels(height, width):
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


def classify(model, stdin, *flags):
    return run([tool("classify"), "--model", model, "--mean", "0.5", "--std", "0.5", *flags], stdin=stdin)


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("flags", [[], ["--threads", "1"], ["--threads", "4", "--batch", "9"]])
def test_each_tensor_at_its_own_size_as_in_a_process_of_its_own(tmp_path, flags):
    model = pooled(tmp_path / "m.onnx")
    images = [pixels(*size) for size in SIZES]
    together = lines(classify(model, tar([(f"{i}.npy", npy(x)) for i, x in enumerate(images)]), *flags))
    assert [line["image"] for line in together] == [str(i) for i in range(len(SIZES))]
    for line, image, (height, width) in zip(together, images, SIZES):
        (alone,) = lines(classify(model, npy(image), *flags))
        (stated,) = lines(classify(model, npy(image), "--input-size", f"{height}x{width}", *flags))
        assert line["predictions"] == alone["predictions"] == stated["predictions"]
    assert len({json.dumps(line["predictions"]) for line in together}) == len(SIZES)


def test_floats_and_channels_last(tmp_path):
    model = pooled(tmp_path / "m.onnx")
    image = pixels(30, 20)
    prepared = ((image.astype(np.float32) / 255 - 0.5) / 0.5).transpose(2, 0, 1)
    one, other = (lines(classify(model, npy(x)))[0]["predictions"] for x in (image, np.ascontiguousarray(prepared)))
    assert [p["index"] for p in one] == [p["index"] for p in other]
    last = save(tmp_path / "last.onnx", [
        helper.make_node("ReduceMean", ["x"], ["p"], axes=[1, 2], keepdims=0), helper.make_node("MatMul", ["p", "w"], ["y"]),
    ], {"w": weights(3, 10)}, ("N", "H", "W", 3))
    (line,) = lines(classify(last, npy(image)))
    assert len(line["predictions"]) == 5


def test_memory_is_that_of_four_sizes(tmp_path):
    """The weights of every compiled size are packed again; a fifth size takes the place of the first."""
    model = pooled(tmp_path / "m.onnx", width=384)

    def peak(count):
        images = [(f"{i}.npy", npy(pixels(16, 16 + 2 * i))) for i in range(count)]
        result = classify(model, tar(images), "--stats", "--threads", "1")
        assert result.returncode == 0 and len(lines(result)) == count
        return json.loads(result.stderr.splitlines()[-1])["peakRssMiB"]

    one, four, twelve = peak(1), peak(4), peak(12)
    assert four > one * 1.5
    assert twelve < four * 1.4 + 10


def test_a_size_that_does_not_suit_is_an_error_record_that_names_the_flag(tmp_path):
    model = flattened(tmp_path / "m.onnx")
    items = [("a.npy", npy(pixels(8, 8))), ("b.npy", npy(pixels(9, 9))), ("c.npy", npy(pixels(8, 8))), ("d.npy", npy(pixels(9, 9)))]
    result = classify(model, tar(items))
    assert result.returncode == 0
    a, b, c, d = lines(result)
    assert a["predictions"] and c["predictions"]
    for line in (b, d):
        assert line["error"]["code"] == "wrong-geometry"
        assert "9x9" in line["error"]["message"] and "fc" in line["error"]["message"]
        assert "--input-size" in line["error"]["message"]
    alone = classify(model, npy(pixels(9, 9)))
    assert alone.returncode == 65 and b"--input-size" in alone.stderr and alone.stdout == b""
    described = classify(model, b"", "--describe")
    assert described.returncode == 78 and b"224x224" in described.stderr and b"--input-size" in described.stderr
    assert classify(model, b"", "--describe", "--input-size", "8x8").returncode == 0


def test_what_no_size_changes_is_refused_at_the_start(tmp_path):
    model = save(tmp_path / "m.onnx", [
        helper.make_node("Det", ["x"], ["d"], name="odd"), helper.make_node("Flatten", ["d"], ["y"])], {})
    result = classify(model, npy(pixels(8, 8)))
    assert result.returncode == 78 and b"odd" in result.stderr
    labels = tmp_path / "labels.txt"
    labels.write_text("one\ntwo\n")
    assert classify(pooled(tmp_path / "p.onnx"), npy(pixels(8, 8)), "--labels", labels).returncode == 78
    profile = classify(tmp_path / "p.onnx", npy(pixels(8, 8)), "--profile")
    assert profile.returncode == 78 and b"--input-size" in profile.stderr


def test_describe(tmp_path):
    model = pooled(tmp_path / "m.onnx")
    described = json.loads(classify(model, b"", "--describe").stdout)
    assert described["isSizeOpen"] and described["inputs"][0]["shape"] == ["N", 3, 224, 224]
    assert json.loads(classify(model, b"", "--describe", "--input-size", "32x48").stdout)["inputs"][0]["shape"] == ["N", 3, 32, 48]
    fixed = pooled(tmp_path / "fixed.onnx", shape=("N", 3, 32, 32))
    assert not json.loads(classify(fixed, b"", "--describe").stdout)["isSizeOpen"]
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({
        "image_processor_type": "ViTImageProcessor", "size": {"height": 96, "width": 96}, "do_resize": True}))
    assert json.loads(classify(model, b"", "--describe").stdout)["inputs"][0]["shape"] == ["N", 3, 96, 96]
