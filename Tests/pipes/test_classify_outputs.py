"""What classify makes of a model's outputs: activations, several outputs, labels, and the documents next to a model."""

import io
import json

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.tools import MODEL, run, tool

CLASSES = 4
RNG = np.random.default_rng(5)
WEIGHTS = [
    numpy_helper.from_array(RNG.standard_normal((CLASSES, 3), dtype=np.float32), "w"),
    numpy_helper.from_array(np.array([0, 2], dtype=np.int64), "two"),
    numpy_helper.from_array(np.array([0], dtype=np.int64), "zero"),
    numpy_helper.from_array(np.array([3], dtype=np.int64), "three"),
    numpy_helper.from_array(np.array([1], dtype=np.int64), "one"),
    numpy_helper.from_array(np.float32(0.5), "half"),
    numpy_helper.from_array(np.float32(0.25), "low"),
    numpy_helper.from_array(np.full((1, CLASSES), 0.9, dtype=np.float32), "factors"),
]
PIXELS = RNG.integers(0, 256, (8, 8, 3), dtype=np.uint8)


def network(nodes, outputs=("y",), classes=None, metadata=None):
    """A classifier: average of each channel, a matrix product to `logits`, then `nodes`."""
    head = [
        helper.make_node("GlobalAveragePool", ["x"], ["pooled"]), helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w"], ["logits"], transB=1)]
    graph = helper.make_graph(
        [*head, *nodes], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 8, 8])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [w for w in WEIGHTS if any(w.name in node.input for node in [*head, *nodes])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {"input.preprocessing": "unit", **(metadata or {})})
    return model


def save(folder, model, name="model.onnx"):
    onnx.save(model, folder / name)
    return folder / name


def npy(array=PIXELS):
    body = io.BytesIO()
    np.save(body, array)
    return body.getvalue()


def probabilities(path, *flags):
    """Class to probability, as classify answers."""
    result = run([tool("classify"), "--model", str(path), "--top", "100", *flags], stdin=npy())
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)["predictions"]
    return [p["probability"] for p in sorted(found, key=lambda p: p["index"])]


def peer(path, name="y"):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    x = (PIXELS.astype(np.float32) / 255).transpose(2, 0, 1)[None]
    return session.run([name], {"x": x})[0].ravel()


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def node(kind, inputs, outputs, **attributes):
    return helper.make_node(kind, inputs, outputs, **attributes)


SOFTMAX = node("Softmax", ["logits"], ["p"], axis=1)
PROBABILITIES = {
    "softmax": [node("Softmax", ["logits"], ["y"], axis=1)],
    "sigmoid": [node("Sigmoid", ["logits"], ["y"])],
    "hard sigmoid": [node("HardSigmoid", ["logits"], ["y"])],
    "clip": [SOFTMAX, node("Clip", ["p", "low"], ["y"])],
    "scaled": [SOFTMAX, node("Mul", ["p", "half"], ["y"])],
    "per class": [SOFTMAX, node("Mul", ["p", "factors"], ["y"])],
    "slice": [SOFTMAX, node("Slice", ["p", "zero", "three", "one"], ["y"])],
    "gather": [SOFTMAX, node("Gather", ["p", "two"], ["y"], axis=1)],
    "concat": [SOFTMAX, node("Concat", ["p", "p"], ["y"], axis=1)],
    "mean of two": [SOFTMAX, node("Sigmoid", ["logits"], ["q"]), node("Add", ["p", "q"], ["s"]),
                    node("Mul", ["s", "half"], ["y"])],
    "view": [SOFTMAX, node("Identity", ["p"], ["i"]), node("Flatten", ["i"], ["y"])],
}


@pytest.mark.parametrize("name", PROBABILITIES)
def test_probabilities_are_not_activated_again(tmp_path, name):
    path = save(tmp_path, network(PROBABILITIES[name]))
    np.testing.assert_allclose(probabilities(path), peer(path), atol=2e-6)


LOGITS = {
    "plain": [node("Identity", ["logits"], ["y"])],
    "gated": [node("Sigmoid", ["logits"], ["s"]), node("Mul", ["logits", "s"], ["y"])],
    "after relu": [node("Relu", ["logits"], ["y"])],
}


@pytest.mark.parametrize("name", LOGITS)
def test_logits_get_a_softmax(tmp_path, name):
    path = save(tmp_path, network(LOGITS[name]))
    np.testing.assert_allclose(probabilities(path), softmax(peer(path)), atol=2e-6)


def test_log_probabilities_become_probabilities(tmp_path):
    path = save(tmp_path, network([node("Softmax", ["logits"], ["y"], axis=1)]))
    expected = peer(path)
    flagged = save(tmp_path, network([node("Identity", ["logits"], ["y"])]), "b.onnx")
    np.testing.assert_allclose(probabilities(flagged, "--activation", "softmax"), expected, atol=2e-6)


def test_the_flag_decides_then_metadata_then_the_graph(tmp_path):
    plain = save(tmp_path, network(LOGITS["plain"]), "a.onnx")
    raw = peer(plain)
    np.testing.assert_allclose(probabilities(plain, "--activation", "none"), raw, atol=2e-6)
    np.testing.assert_allclose(probabilities(plain, "--activation", "sigmoid"), 1 / (1 + np.exp(-raw)), atol=2e-6)
    stated = save(tmp_path, network(LOGITS["plain"], metadata={"output.activation": "sigmoid"}), "b.onnx")
    np.testing.assert_allclose(probabilities(stated), 1 / (1 + np.exp(-raw)), atol=2e-6)
    np.testing.assert_allclose(probabilities(stated, "--activation", "softmax"), softmax(raw), atol=2e-6)
    (tmp_path / "a.json").write_text(json.dumps({"output.activation": "none"}))
    np.testing.assert_allclose(probabilities(plain), raw, atol=2e-6)
    wrong = save(tmp_path, network(LOGITS["plain"], metadata={"output.activation": "tanh"}), "c.onnx")
    result = run([tool("classify"), "--model", str(wrong)], stdin=npy())
    assert result.returncode == 78 and b"output.activation" in result.stderr


def test_a_single_logit_needs_an_activation(tmp_path):
    path = save(tmp_path, network([node("Slice", ["logits", "zero", "one", "one"], ["y"])]))
    result = run([tool("classify"), "--model", str(path)], stdin=npy())
    assert result.returncode == 78 and b"--activation sigmoid" in result.stderr
    np.testing.assert_allclose(
        probabilities(path, "--activation", "sigmoid"), 1 / (1 + np.exp(-peer(path))), atol=2e-6)


def test_several_outputs(tmp_path):
    nodes = [node("Softmax", ["logits"], ["y"], axis=1), node("Slice", ["logits", "zero", "three", "one"], ["z"])]
    path = save(tmp_path, network(nodes, ("flat", "z", "y")))
    result = run([tool("classify"), "--model", str(path)], stdin=npy())
    assert result.returncode == 78 and b"--output" in result.stderr and b"flat (N, 3)" in result.stderr
    np.testing.assert_allclose(probabilities(path, "--output", "y"), peer(path), atol=2e-6)
    labels = tmp_path / "labels.txt"
    labels.write_text("a\nb\nc\nd\n")
    np.testing.assert_allclose(probabilities(path, "--labels", str(labels)), peer(path), atol=2e-6)
    result = run([tool("classify"), "--model", str(path), "--output", "absent"], stdin=npy())
    assert result.returncode == 78 and b"absent" in result.stderr
    # The features before the pooling have four dimensions, the logits two.
    two = save(tmp_path, network([node("Relu", ["x"], ["maps"])], ("pooled", "logits")), "two.onnx")
    np.testing.assert_allclose(probabilities(two), softmax(peer(two, "logits")), atol=2e-6)


@pytest.mark.parametrize("text", [
    '["a","b","c","d"]', '{"0":"a","1":"b","2":"c","3":"d"}', "\ufeffa\nb\nc\nd\n", "0 a\n1 b\n2 c\n3 d\n",
    '{"id2label":{"0":"a","1":"b","2":"c","3":"d"},"model_type":"vit"}',
    '{"0":["n1","a"],"1":["n2","b"],"2":["n3","c"],"3":["n4","d"]}', "{0: 'a', 1: 'b', 2: \"c\", 3: 'd'}"])
def test_forms_of_labels(tmp_path, text):
    path = save(tmp_path, network(LOGITS["plain"]))
    labels = tmp_path / "labels"
    labels.write_text(text)
    result = run([tool("classify"), "--model", str(path), "--labels", str(labels)], stdin=npy())
    assert {p["label"] for p in json.loads(result.stdout)["predictions"]} == set("abcd")


def describe(path, *flags):
    result = run([tool("classify"), "--model", str(path), "--describe", *flags])
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_documents_beside_a_hugging_face_model(tmp_path):
    folder = tmp_path / "onnx"
    folder.mkdir()
    model = network(LOGITS["plain"])
    del model.metadata_props[:]
    path = save(folder, model)
    (tmp_path / "config.json").write_text(json.dumps({"id2label": dict(enumerate("abcd")), "hidden_size": 3}))
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({
        "image_processor_type": "ViTImageProcessor", "do_resize": True, "size": {"height": 8, "width": 8}, "resample": 3,
        "do_normalize": True, "image_mean": [.5, .5, .5], "image_std": [.5, .5, .5]}))
    shown = describe(path)
    assert shown["preprocessing"]["mean"] == [.5, .5, .5] and not shown["preprocessing"]["assumesImageNet"]
    assert shown["labels"].endswith("config.json") and shown["activation"] == "softmax"
    flags = run([tool("classify"), "--model", str(path), "--print-imgdecode-flags"])
    assert flags.stdout == b"--size 8x8 --filter bicubic\n"
    result = run([tool("classify"), "--model", str(path)], stdin=npy())
    assert result.stderr == b"" and {p["label"] for p in json.loads(result.stdout)["predictions"]} == set("abcd")
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"image_mean": [.5], "do_sharpen": True}))
    result = run([tool("classify"), "--model", str(path)], stdin=npy())
    assert result.returncode == 78 and b"do_sharpen" in result.stderr


def test_imagenet_is_assumed_aloud(tmp_path):
    model = network(LOGITS["plain"])
    del model.metadata_props[:]
    path = save(tmp_path, model)
    result = run([tool("classify"), "--model", str(path)], stdin=npy())
    assert result.returncode == 0 and result.stderr.count(b"\n") == 1 and b"ImageNet" in result.stderr
    assert describe(path)["preprocessing"]["assumesImageNet"]
    # Numbers that were made ready elsewhere need no preprocessing.
    floats = npy(np.zeros((3, 8, 8), dtype=np.float32))
    assert run([tool("classify"), "--model", str(path)], stdin=floats).stderr == b""
    assert run([tool("classify"), "--model", str(path), "--preprocessing", "tf"], stdin=npy()).stderr == b""


def test_the_printed_flags_fit_the_model():
    flags = run([tool("classify"), "--model", str(MODEL), "--print-imgdecode-flags"]).stdout.decode().split()
    assert flags == ["--resize", "256", "--crop", "224"]
