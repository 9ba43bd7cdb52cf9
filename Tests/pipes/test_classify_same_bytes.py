"""A network's results have the same bytes for any number of threads, any batch, any position in it and any neighbours.

Compared are raw tensors, on every instruction set that this machine has.
"""

import functools
import os
import subprocess

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from support.onnxnet import run_file
from support.tools import EMULATED, MODEL, tool

IMAGES = 8
# Of instruction sets in float32, and of products in bfloat16.
SETS = {"portable": {"CLASSIFY_ISA": "portable"}}
if EMULATED:
    SETS["bf16"] = {"CLASSIFY_ISA": "neon", "CLASSIFY_PRECISION": "bf16"}
else:
    SETS |= {
        "avx2": {"CLASSIFY_ISA": "avx2"}, "avx512": {"CLASSIFY_ISA": "avx512"},
        "bf16": {"CLASSIFY_ISA": "avx512", "CLASSIFY_PRECISION": "bf16"}}


class Builder:
    def __init__(self):
        self.random, self.nodes, self.constants = np.random.default_rng(5), [], []

    def constant(self, array):
        self.constants.append(numpy_helper.from_array(np.asarray(array), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def weights(self, *shape):
        fan = max(1, int(np.prod(shape[1:])))
        return self.constant((self.random.standard_normal(shape) * (2 / fan) ** 0.5).astype(np.float32))

    def node(self, operator, *inputs, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def conv(self, x, inputs, outputs, kernel=1, stride=1, groups=1):
        weights, bias = self.weights(outputs, inputs // groups, kernel, kernel), self.weights(outputs)
        return self.node("Conv", x, weights, bias, pads=[kernel // 2] * 4, strides=[stride] * 2, group=groups)

    def model(self, shape, *outputs):
        graph = helper.make_graph(
            self.nodes, "network", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *shape])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def tails():
    """Every kind of kernel with channel counts that fill no vector, and sizes that divide by nothing."""
    b = Builder()
    x = b.node("HardSwish", b.conv("x", 3, 19, 3, 2))
    x = b.node("Sigmoid", b.conv(x, 19, 19, 3, groups=19))
    x = b.node("LeakyRelu", b.conv(x, 19, 35, 3), alpha=0.1)
    y = b.node("HardSigmoid", b.conv(x, 35, 35, 3, groups=5))
    gate = b.node("Sigmoid", b.conv(b.node("GlobalAveragePool", y), 35, 35))
    x = b.node("Add", b.node("Mul", y, gate), x)
    x = b.node("Concat", x, b.node("AveragePool", x, kernel_shape=[3, 3], pads=[1] * 4), axis=1)
    x = b.node("BatchNormalization", x, *[b.constant(b.random.random(70).astype(np.float32) + 0.5) for _ in range(4)])
    x = b.node("LRN", b.node("Mul", x, b.node("Sigmoid", x)), size=5, alpha=0.2)
    x = b.node("MaxPool", b.node("Softmax", x, axis=1), kernel_shape=[3, 3], strides=[2, 2])
    rows = b.node("Reshape", x, b.constant(np.array([0, 70, -1])))
    products = b.node("MatMul", rows, b.node("Transpose", rows, perm=[0, 2, 1]))
    flat = b.node("Flatten", products)
    last = b.node("Softmax", b.node("Gemm", flat, b.weights(11, 4900), b.weights(11), transB=1))
    return b.model((3, 37, 41), last, products, x)


def convolutions():
    """The shapes at which each algorithm of a 3×3 convolution is chosen, strides, and wide pointwise ones."""
    b = Builder()
    x = b.node("Relu", b.conv("x", 3, 64, 7, 2))
    x = b.node("Relu", b.node("Add", b.conv(x, 64, 64, 3), x))
    x = b.node("Relu", b.conv(b.conv(x, 64, 130), 130, 100, 3, 2))
    x = b.node("Clip", b.conv(x, 100, 256, 3), b.constant(np.float32(0)), b.constant(np.float32(6)))
    x = b.node("Relu", b.conv(x, 256, 256, 3, 2))
    x = b.node("Relu", b.conv(b.conv(x, 256, 512), 512, 512, 3))
    return b.model((3, 75, 75), b.node("ReduceMean", x, b.constant(np.array([2, 3])), keepdims=0), x)


NETWORKS = {"tails": (tails, (3, 37, 41)), "convolutions": (convolutions, (3, 75, 75)), "resnet20": (None, (3, 224, 224))}


@functools.cache
def runs(instruction_set):
    """Whether this processor has the set: the tool refuses one that it has not, or takes another."""
    if EMULATED:
        return instruction_set == "portable" or os.environ.get("QEMU_CPU", "max") == "max"
    flags = open("/proc/cpuinfo").read() if instruction_set != "portable" else ""
    return {"portable": "", "avx2": " avx2 ", "avx512": " avx512bw ", "bf16": " avx512_bf16 "}[instruction_set] in flags


@pytest.mark.parametrize("instruction_set", SETS)
@pytest.mark.parametrize("network", NETWORKS)
def test_threads_batch_position_and_neighbours_change_no_byte(network, instruction_set, tmp_path):
    if not runs(instruction_set):
        pytest.skip(f"this processor has no {instruction_set}")
    make, shape = NETWORKS[network]
    path = MODEL
    if make:
        path = tmp_path / "network.onnx"
        onnx.save(make(), path)
    images = np.random.default_rng(6).standard_normal((IMAGES, *shape)).astype(np.float32)

    def results(chosen, threads):
        outputs = run_file(path, [images[chosen]], threads=threads, env=SETS[instruction_set])
        return [[output[row].tobytes() for output in outputs] for row in range(len(chosen))]

    alone = [results([image], 1)[0] for image in range(IMAGES)]
    assert len({tuple(row) for row in alone}) == IMAGES
    for threads in range(1, 5):
        for batch in range(1, IMAGES + 1) if network == "tails" else (1, 3, IMAGES):
            chosen = [(3 * row + threads) % IMAGES for row in range(batch)]
            for image, row in zip(chosen, results(chosen, threads)):
                assert row == alone[image], (threads, batch, image)
