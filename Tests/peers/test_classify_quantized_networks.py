"""Quantized networks compared with onnxruntime: ShuffleNet as it was published, the embedded model as onnxruntime quantizes it."""

import io
import json
import tarfile

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from support.images import cifar_tensors
from support.onnxnet import EVERYWHERE, run_file, run_model
from support.tools import MODEL, SHARED, run, tool

needs_shared = pytest.mark.skipif(SHARED is None, reason="../shared is absent")
# ../shared/README.md: the first class and its probability, by onnxruntime on Pillow's pixels.
TABLE = {
    "cat.jpg": (285, .671), "chelsea.jpg": (285, .913), "coffee.jpg": (967, .995), "golden-retriever.jpg": (207, .995),
    "hotdog.jpg": (934, .983), "hummingbird.jpg": (94, 1.0), "macaw.jpg": (88, 1.0), "rocket.jpg": (540, .701)}
MEAN, DEVIATION = np.array([.485, .456, .406], np.float32), np.array([.229, .224, .225], np.float32)


@needs_shared
def test_shufflenet_on_photos():
    """A few steps in the last layers are worth 0.1 of a middling probability."""
    tensors = run([tool("imgdecode"), *sorted((SHARED / "photos").glob("*.jpg"))]).stdout
    result = run([tool("classify"), "--model", SHARED / "models" / "shufflenet-v2-12-int8.onnx"], stdin=tensors)
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == len(TABLE)
    for line in lines:
        index, probability = TABLE[line["image"].rsplit("/", 1)[-1]]
        best = line["predictions"][0]
        assert best["index"] == index and abs(best["probability"] - probability) < 0.1, line["image"]


@pytest.fixture(scope="module")
def cifar():
    """(tensors as a tar of .npy, the images (1000, 3, 224, 224) as the model takes them)."""
    tensors = cifar_tensors(1000)
    with tarfile.open(fileobj=io.BytesIO(tensors)) as members:
        pixels = np.stack([np.load(io.BytesIO(members.extractfile(m).read())) for m in members])
    return tensors, pixels


def prepared(pixels):
    return np.ascontiguousarray(((pixels.astype(np.float32) / 255 - MEAN) / DEVIATION).transpose(0, 3, 1, 2))


class Calibration(CalibrationDataReader):
    def __init__(self, name, pixels):
        self.batches = iter([{name: prepared(pixels[i:i + 1])} for i in range(0, len(pixels), 60)])

    def get_next(self):
        return next(self.batches, None)


@pytest.fixture(scope="module")
def models(cifar, tmp_path_factory):
    folder = tmp_path_factory.mktemp("quantized")
    plain = folder / "plain.onnx"
    quant_pre_process(str(MODEL), str(plain))
    name = onnx.load(str(plain)).graph.input[0].name
    forms = {
        "qdq": (QuantFormat.QDQ, QuantType.QUInt8, True), "qdq-signed": (QuantFormat.QDQ, QuantType.QInt8, False),
        "qoperator": (QuantFormat.QOperator, QuantType.QUInt8, True)}
    for form, (format, activations, per_channel) in forms.items():
        quantize_static(
            str(plain), str(folder / f"{form}.onnx"), Calibration(name, cifar[1]), quant_format=format,
            per_channel=per_channel, activation_type=activations, weight_type=QuantType.QInt8)
    quantize_dynamic(str(plain), str(folder / "dynamic.onnx"), weight_type=QuantType.QUInt8)
    return folder


def session(path_or_bytes):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path_or_bytes, options, providers=["CPUExecutionProvider"])


@needs_shared
@pytest.mark.parametrize("form", ["qdq", "qdq-signed", "qoperator"])
def test_first_class_is_onnxruntimes_on_a_thousand_images(form, cifar, models):
    tensors, pixels = cifar
    path = models / f"{form}.onnx"
    result = run([tool("classify"), "--model", path, "--top", "1"], stdin=tensors, timeout=200)
    ours = [json.loads(line)["predictions"][0]["index"] for line in result.stdout.splitlines()]
    assert len(ours) == 1000
    peer = session(str(path))
    steps = []
    for start in range(0, 1000, 8):
        scores = peer.run(None, {peer.get_inputs()[0].name: prepared(pixels[start:start + 8])})[0]
        for first, row in zip(ours[start:], scores.reshape(-1, 10)):
            if first != row.argmax():
                levels = np.unique(scores)
                steps.append((row.max() - row[first]) / np.diff(levels).min())
    # Other classes only where onnxruntime's own scores are a step or two of the last quantization apart.
    assert len(steps) <= 5 and all(step <= 2.5 for step in steps), steps


@needs_shared
@pytest.mark.parametrize("form", ["qdq", "qdq-signed"])
def test_every_layer_is_within_a_step(form, cifar, models):
    """Each part between bytes and bytes, fed onnxruntime's bytes; and all bytes are the same on every instruction set."""
    model = onnx.shape_inference.infer_shapes(onnx.load(models / f"{form}.onnx"))
    names = [n.output[0] for n in model.graph.node if n.op_type == "QuantizeLinear"]
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    known = {v.name: v for v in model.graph.value_info}
    whole.graph.output.extend(known[name] for name in names)
    x = prepared(cifar[1][:1])
    peer = session(whole.SerializeToString())
    wanted = dict(zip([o.name for o in peer.get_outputs()], peer.run(None, {peer.get_inputs()[0].name: x})))
    extractor = onnx.utils.Extractor(model)
    writers = {output: node for node in model.graph.node for output in node.output}
    parts = 0
    for name in names:
        # What the bytes are made of: other bytes, or the network's input.
        sources, waiting = [], [writers[name].input[0]]
        while waiting:
            value = waiting.pop()
            if value in wanted or value == model.graph.input[0].name:
                sources.append(value)
            elif value in writers:
                waiting += writers[value].input
        sources = sorted(set(sources))
        part = extractor.extract_model(sources, [name])
        inputs = [x if s == model.graph.input[0].name else wanted[s] for s in sources]
        results = [run_model(part, inputs, **options)[0] for options in EVERYWHERE]
        results.append(run_model(part, inputs, threads=1)[0])
        assert all(np.array_equal(result, results[0]) for result in results)
        assert np.abs(results[0].astype(int) - wanted[name].astype(int)).max() <= 1, name
        parts += 1
    assert parts > 20


@needs_shared
@pytest.mark.parametrize("form", ["qdq", "qoperator"])
def test_the_whole_network_has_the_same_bits_everywhere(form, cifar, models):
    x = prepared(cifar[1][:3])
    path = models / f"{form}.onnx"
    runs = [run_file(path, [x], threads=threads)[0] for threads in (1, 2)]
    runs += [run_file(path, [x], **options)[0] for options in EVERYWHERE]
    runs.append(np.concatenate([run_file(path, [x[i:i + 1]])[0] for i in range(3)]))
    assert all(np.array_equal(run.view(np.uint32), runs[0].view(np.uint32)) for run in runs)


@needs_shared
def test_describe_lists_what_runs_in_float32():
    result = run([tool("classify"), "--model", SHARED / "models" / "shufflenet-v2-12-int8.onnx", "--describe"])
    described = json.loads(result.stdout)["quantized"]
    assert described["integer"] > 50
    assert {entry["operator"] for entry in described["float32"]} <= {"Concat", "ChannelShuffle", "Split", "Add"}


@needs_shared
def test_channels_without_weights_stay_in_integers(cifar, tmp_path):
    """onnxruntime gives weights that are all but zero a scale so small that their channel's bias is at the end of int32."""
    plain, path = tmp_path / "plain.onnx", tmp_path / "quantized.onnx"
    quant_pre_process(str(MODEL), str(plain))
    model = onnx.load(str(plain))
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in [node for node in model.graph.node if node.op_type == "Conv" and len(node.input) == 3][1:4]:
        weights, bias = (numpy_helper.to_array(tensors[name]).copy() for name in node.input[1:])
        weights[1::8] *= 1e-9
        bias[1::8] = 0.4
        tensors[node.input[1]].CopyFrom(numpy_helper.from_array(weights, node.input[1]))
        tensors[node.input[2]].CopyFrom(numpy_helper.from_array(bias, node.input[2]))
    onnx.save(model, str(plain))
    quantize_static(
        str(plain), str(path), Calibration(model.graph.input[0].name, cifar[1]), quant_format=QuantFormat.QDQ,
        per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    initializers = onnx.load(str(path)).graph.initializer
    integers = [numpy_helper.to_array(t) for t in initializers if t.data_type == onnx.TensorProto.INT32]
    assert sum(np.abs(values.astype(np.int64)).max() > 2**30 for values in integers) == 3
    described = json.loads(run([tool("classify"), "--model", path, "--describe"]).stdout)["quantized"]
    assert "Conv" not in {entry["operator"] for entry in described["float32"]}
    peer = session(str(path))
    for image in cifar[1][:10]:
        x = prepared(image[None])
        wanted = peer.run(None, {peer.get_inputs()[0].name: x})[0]
        got = run_file(path, [x])[0]
        assert np.abs(got - wanted).max() <= 2.5 * np.diff(np.unique(wanted)).min()


@needs_shared
def test_dynamic_quantization(cifar, models):
    """As onnxruntime quantizes a model whose activations are quantized as it runs."""
    peer = session(str(models / "dynamic.onnx"))
    for image in cifar[1][:10]:
        x = prepared(image[None])
        wanted = peer.run(None, {peer.get_inputs()[0].name: x})[0]
        got = run_file(models / "dynamic.onnx", [x])[0]
        assert np.abs(got - wanted).max() <= 0.02 * np.abs(wanted).max()
