"""Models that are cut, bit-flipped, cyclic, incomplete, oversized or not ours: one line, status 78, no trap and no hang."""

import json
import os
import random

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from support.tools import MODEL, run, tool

WHOLE = MODEL.read_bytes()


def describe(path, **options):
    return run([tool("classify"), "--model", str(path), "--describe"], timeout=30, **options)


def refused(path):
    result = describe(path)
    assert result.returncode == 78, (result.returncode, result.stderr)
    assert result.stdout == b"" and len(result.stderr.splitlines()) == 1
    return result.stderr.decode()


def test_cut_at_many_lengths(tmp_path):
    path = tmp_path / "cut.onnx"
    lengths = sorted({0, 1, 2, 3, 10, 100, *random.Random(1).sample(range(len(WHOLE)), 120), len(WHOLE) - 1})
    for length in lengths:
        path.write_bytes(WHOLE[:length])
        result = describe(path)
        # Fields at the end (metadata, opsets) may be missing and the rest still be a message: then it must say so.
        assert result.returncode in (0, 78), length
        assert (result.returncode == 0) == (result.stderr == b""), length


def test_flipped_bits(tmp_path):
    """A flip among the weights changes only numbers; one in the structure is refused; none may trap."""
    path = tmp_path / "flipped.onnx"
    generator = random.Random(2)
    structure = [i for i in range(len(WHOLE)) if i > len(WHOLE) - 1200 or i < 8000]
    for turn in range(150):
        data = bytearray(WHOLE)
        for _ in range(1 if turn % 2 else 4):
            data[generator.choice(structure)] ^= 1 << generator.randrange(8)
        path.write_bytes(data)
        assert describe(path).returncode in (0, 78)


def small(nodes, initializers=(), inputs=None, opset=13, output="y"):
    graph = helper.make_graph(
        nodes, "g", inputs or [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 8, 8])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)], list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def weights(name, *shape):
    return numpy_helper.from_array(np.ones(shape, np.float32), name)


def save(tmp_path, model):
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


POOL = helper.make_node("GlobalAveragePool", ["x"], ["y"], name="last")


@pytest.mark.parametrize("model,words", [
    (small([helper.make_node("Relu", ["z"], ["y"], name="first"), helper.make_node("Relu", ["y"], ["z"])]), ["y", "its own output"]),
    (small([helper.make_node("Relu", ["y"], ["y"], name="self")]), ["self", "y"]),
    (small([helper.make_node("Relu", ["nothing"], ["y"], name="first")]), ["first", "nothing"]),
    (small([helper.make_node("Relu", ["x"], ["x"], name="again")]), ["x"]),
    (small([POOL], output="absent"), ["absent"]),
    (small([helper.make_node("NoSuchOperator", ["x"], ["y"], name="odd")]), ["odd", "NoSuchOperator"]),
    (small([helper.make_node("Loop", ["x"], ["z"], name="l"), helper.make_node("Det", ["z"], ["y"], name="d")]),
     ["l", "Loop", "fixed shapes", "d", "Det"]),
    (small([helper.make_node("Attention", ["x"], ["y"], name="a", domain="com.microsoft")]), ["com.microsoft.Attention", "without"]),
    (small([helper.make_node("Relu", ["x"], ["y"], name="odd", domain="com.example")]), ["odd", "com.example.Relu"]),
    (small([POOL], opset=6), ["opset 6"]),
    (small([POOL], opset=29), ["opset 29"]),
    (small([helper.make_node("Relu", ["x"], ["y"], name="last", novelty=1)]), ["last", "novelty"]),
    (small([helper.make_node("QuantizeLinear", ["x", "s", "z"], ["y"], name="q")],
           [weights("s", 1), helper.make_tensor("z", TensorProto.UINT16, [1], [0])]), ["q", "uint16"]),
    (small([helper.make_node("DequantizeLinear", ["w", "s"], ["y"], name="d")],
           [weights("s", 1), helper.make_tensor("w", TensorProto.INT4, [2], [1, 2])]), ["w", "int4"]),
    (small([helper.make_node("QuantizeLinear", ["x", "s"], ["y"], name="q", block_size=2)], [weights("s", 1)]),
     ["q", "blocked"]),
    (small([helper.make_node("QuantizeLinear", ["x", "s"], ["y"], name="q")],
           [helper.make_tensor("s", TensorProto.FLOAT, [1], [0.0])]), ["q", "scale"]),
    (small([helper.make_node("Conv", ["x", "w"], ["y"], name="c")], [weights("w", 4, 5, 3, 3)]), ["c", "(4, 5, 3, 3)"]),
    (small([helper.make_node("Conv", ["x", "w"], ["y"], name="c", group=2)], [weights("w", 4, 3, 3, 3)]), ["c"]),
    (small([helper.make_node("Conv", ["x", "w"], ["y"], name="c", strides=[0, 1])], [weights("w", 4, 3, 3, 3)]), ["c", "strides"]),
    (small([helper.make_node("Conv", ["x", "w"], ["y"], name="c", pads=[2**40, 0, 0, 0])], [weights("w", 4, 3, 3, 3)]), ["pads"]),
    (small([helper.make_node("Conv", ["x", "w"], ["y"], name="c", pads=[-1, 0, 0, 0])], [weights("w", 4, 3, 3, 3)]), ["pads"]),
    (small([helper.make_node("Conv", ["x", "x"], ["y"], name="c")]), ["c", "constant"]),
    (small([helper.make_node("Reshape", ["x", "s"], ["y"], name="r")],
           [numpy_helper.from_array(np.array([2**40, 2**40]), "s")]), ["r"]),
    (small([helper.make_node("Transpose", ["x"], ["y"], name="t", perm=[1, 0, 2, 3])]), ["(3, 1, 8, 8)"]),
    (small([POOL], inputs=[helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, "L"])]), ["x", "L"]),
    (small([POOL], inputs=[helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 2**31, 2**31])]), ["x"]),
    (small([POOL], inputs=[helper.make_tensor_value_info("x", TensorProto.UINT8, [1, 3, 8, 8])]), ["uint8"]),
    (small([helper.make_node("ConstantOfShape", ["s"], ["y"], name="k")],
           [numpy_helper.from_array(np.array([2**31, 4]), "s")]), ["k"]),
    (small([helper.make_node("Flatten", ["x"], ["y"], axis=9, name="f")]), ["f", "axis 9"]),
    (small([helper.make_node("BatchNormalization", ["x", "a", "a", "a", "a"], ["y"], name="b")], [weights("a", 4)]), ["b"]),
    (small([helper.make_node("Concat", ["x", "c"], ["y"], axis=1, name="c")], [weights("c", 1, 3, 9, 9)]), ["c"]),
], ids=lambda value: value.graph.node[0].op_type if isinstance(value, onnx.ModelProto) else "")
def test_refused_with_the_node_named(tmp_path, model, words):
    message = refused(save(tmp_path, model))
    for word in words:
        assert word in message


def test_everything_that_is_not_supported_is_listed(tmp_path):
    """Operators, forms of operators and types; each kind once, and nothing that only follows from another."""
    message = refused(save(tmp_path, small([
        helper.make_node("Det", ["x"], ["d0"], name="first"), helper.make_node("Det", ["x"], ["d1"], name="second"),
        helper.make_node("Relu", ["d0"], ["r"], name="follows"),
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv", novelty=1),
        helper.make_node("Flatten", ["x"], ["f"], axis=9, name="flat"), helper.make_node("Neg", ["f"], ["n"], name="behind"),
        helper.make_node("Add", ["x", "i"], ["a"], name="add"),
        helper.make_node("Sum", ["d1", "r", "c", "n", "a"], ["y"], name="last"),
    ], [weights("w", 4, 3, 3, 3), helper.make_tensor("i", TensorProto.INT4, [2], [1, 2])])))
    for words in ("node first (and 1 more): operator Det", "node conv: attribute novelty", "node flat: axis 9", "tensor i: element type int4"):
        assert words in message, message
    for name in ("second", "follows", "behind", "last", "add"):
        assert f"node {name}" not in message


def test_wrong_tensor_sizes(tmp_path):
    model = small([helper.make_node("Conv", ["x", "w"], ["y"], name="c")], [weights("w", 4, 3, 3, 3)])
    for dims in ([4, 3, 3, 4], [4, 3, 3, 2], [2**31, 2**31, 2**31, 2**31], [-1, 3, 3, 3], [2**31, 1, 1, 1]):
        del model.graph.initializer[0].dims[:]
        model.graph.initializer[0].dims.extend(dims)
        assert "w" in refused(save(tmp_path, model))


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "a/../../secret.bin", "", "absent.bin"])
def test_external_data_stays_in_the_folder(tmp_path, location):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(b"\0" * 432)
    model = small([helper.make_node("Conv", ["x", "w"], ["y"], name="c")], [weights("w", 4, 3, 3, 3)])
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    assert "w" in refused(save(folder, model))


def test_external_data_is_read(tmp_path):
    model = onnx.load(MODEL)
    onnx.save(model, tmp_path / "external.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert (tmp_path / "weights.bin").stat().st_size > 1_000_000
    result = describe(tmp_path / "external.onnx")
    assert result.returncode == 0 and json.loads(result.stdout)["parameters"] == 272_474
    for key in ("offset", "length"):
        cut = onnx.load(tmp_path / "external.onnx", load_external_data=False)
        for tensor in cut.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == key:
                    entry.value = str(2**62)
        assert "outside the file" in refused(save(tmp_path, cut))


def test_links_of_a_cache_are_followed(tmp_path):
    """Caches keep a model's files under their hashes and link to them."""
    (tmp_path / "blobs").mkdir()
    (tmp_path / "snapshot").mkdir()
    onnx.save(onnx.load(MODEL), tmp_path / "blobs" / "model.onnx", save_as_external_data=True, location="weights.bin",
              size_threshold=0)
    (tmp_path / "blobs" / "weights.bin").rename(tmp_path / "blobs" / "e3b0c4")
    os.symlink("../blobs/model.onnx", tmp_path / "snapshot" / "model.onnx")
    assert "weights.bin" in refused(tmp_path / "snapshot" / "model.onnx")
    os.symlink("../blobs/e3b0c4", tmp_path / "snapshot" / "weights.bin")
    assert describe(tmp_path / "snapshot" / "model.onnx").returncode == 0


def test_a_json_file_beside_the_model(tmp_path):
    model = onnx.load(MODEL)
    del model.metadata_props[:]
    path = save(tmp_path, model)
    pixels = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    import io
    body = io.BytesIO()
    np.save(body, pixels)
    with_metadata = run([tool("classify"), "--model", str(MODEL)], stdin=body.getvalue())
    plain = run([tool("classify"), "--model", str(path)], stdin=body.getvalue())
    assert b'"label":"class ' in plain.stdout
    (tmp_path / "model.json").write_text(json.dumps({
        "labels": "airplane automobile bird cat deer dog frog horse ship truck".split(),
        "input.mean": [0.485, 0.456, 0.406], "input.std": [0.229, 0.224, 0.225], "input.scale": 1 / 255}))
    beside = run([tool("classify"), "--model", str(path)], stdin=body.getvalue())
    assert json.loads(beside.stdout)["predictions"] == json.loads(with_metadata.stdout)["predictions"]
    (tmp_path / "model.json").write_text("[")
    assert run([tool("classify"), "--model", str(path)], stdin=body.getvalue()).returncode == 78
