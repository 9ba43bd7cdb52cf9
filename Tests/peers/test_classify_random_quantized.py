"""Random graphs, quantized at random, beside onnxruntime without its optimizations: what the file says, on every instruction set."""

import logging

import numpy as np
import onnx
import onnxruntime
import pytest
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from support.onnxnet import EVERYWHERE, run_file
from support.random_convolutions import Convolutions
from support.random_rows import Rows


class Integers(Convolutions):
    """Without what quantization leaves in float32, whose last bit may depend on the instruction set."""

    STEPS = [step for step in Convolutions.STEPS if step not in ("batch_normalization", "branches", "lrn", "pad")]


class Products(Rows):
    """Without the step whose deviation may be rounded to 0, which it then divides by."""

    STEPS = [step for step in Rows.STEPS if step != "composed_normalization"]


class Calibration(CalibrationDataReader):
    def __init__(self, images):
        self.images = iter([{"x": image} for image in images])

    def get_next(self):
        return next(self.images, None)


def quantized(graph, folder):
    """A file in one of the forms that onnxruntime's quantizer writes, and its input."""
    rng, folder = graph.rng, str(folder)
    images = [rng.standard_normal((1, *graph.input_shape), dtype=np.float32) for _ in range(6)]
    onnx.save(graph.model("N"), f"{folder}/plain.onnx")
    logging.disable(logging.WARNING)
    try:
        quantize_static(
            f"{folder}/plain.onnx", f"{folder}/quantized.onnx", Calibration(images),
            quant_format=QuantFormat.QOperator if rng.random() < 0.3 else QuantFormat.QDQ,
            per_channel=bool(rng.random() < 0.5), weight_type=QuantType.QInt8,
            activation_type=QuantType.QInt8 if rng.random() < 0.4 else QuantType.QUInt8,
            extra_options={"ActivationSymmetric": bool(rng.random() < 0.3)})
    finally:
        logging.disable(logging.NOTSET)
    return f"{folder}/quantized.onnx", np.concatenate(images[:3])


def expected(path, x):
    """Optimized, onnxruntime rounds elsewhere than the file says."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]).run(None, {"x": x})


def compare(path, x):
    """True if equal; a tie that is rounded the other way may move a few values by a few steps."""
    ours, theirs = run_file(path, [x]), expected(path, x)
    assert [a.shape for a in ours] == [b.shape for b in theirs]
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a, b, rtol=0, atol=0.06 * np.abs(b).max())
    return all(np.allclose(a, b, rtol=1e-5, atol=1e-5 * np.abs(b).max()) for a, b in zip(ours, theirs))


@pytest.mark.parametrize("kind", [Integers, Products])
def test_the_answers_that_the_file_defines(kind, tmp_path):
    equal = 0
    for seed in range(60):
        path, x = quantized(kind(seed), tmp_path)
        equal += compare(path, x)
    assert equal >= 57


def integer_outputs(path):
    """Which outputs are made of integers: what quantization leaves in float32 may differ in the last bit between instruction sets."""
    graph = onnx.load(path).graph
    makers = {name: node.op_type for node in graph.node for name in node.output}
    return [index for index, output in enumerate(graph.output) if makers[output.name] == "DequantizeLinear"]


def test_the_same_bytes_everywhere(tmp_path):
    compared = 0
    for seed in range(100, 160):
        path, x = quantized(Integers(seed), tmp_path)
        if not (outputs := integer_outputs(path)):
            continue
        compared += 1
        wanted = run_file(path, [x], threads=1)
        others = [run_file(path, [x], threads=2)]
        others += [run_file(path, [x], threads=1, **options) for options in EVERYWHERE]
        images = [run_file(path, [x[i:i + 1]], threads=1) for i in range(len(x))]
        others.append([np.concatenate(parts) for parts in zip(*images)])
        for other in others:
            assert [other[i].tobytes() for i in outputs] == [wanted[i].tobytes() for i in outputs], seed
    assert compared >= 20
