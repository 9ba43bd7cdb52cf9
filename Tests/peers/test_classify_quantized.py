"""Quantized models compared with onnxruntime: QDQ, QLinear and dynamic forms, 8 bits of either sign, per tensor and per channel.

Fed the same input, every operator is within one step of its result's scale. Within this project, tensors that are computed in
integers have the same bytes on every instruction set, with any number of threads, in any batch.
"""

import itertools

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from support.onnxnet import EVERYWHERE, run_model

RNG = np.random.default_rng(14)
TYPES = {"u8": np.uint8, "s8": np.int8}


def parameters(name, values, kind, symmetric=False):
    """Scale and zero point of a tensor with these real values, as initializers."""
    low, high = min(0, float(values.min())), max(0, float(values.max()))
    info = np.iinfo(TYPES[kind])
    if symmetric:
        scale, zero = max(-low, high) / 127, 0 if kind == "s8" else 128
    else:
        scale = (high - low) / 255
        zero = int(np.clip(round(info.min - low / scale), info.min, info.max))
    return [numpy_helper.from_array(np.array(scale, np.float32), name + "_scale"),
            numpy_helper.from_array(np.array(zero, TYPES[kind]), name + "_zero")]


def quantized(values, scale, zero, kind, axis=None):
    info = np.iinfo(TYPES[kind])
    shape = [1] * values.ndim
    if axis is not None:
        shape[axis] = -1
    scaled = np.rint(values / np.reshape(scale, shape)) + np.reshape(zero, shape).astype(np.float64)
    return np.clip(scaled, info.min, info.max).astype(TYPES[kind])


class Net:
    """A model of one quantized operator: bytes in, bytes out, so that one step is one."""

    def __init__(self):
        self.nodes, self.initializers, self.inputs = [], [], []

    def input(self, name, shape, kind, values):
        self.inputs.append(helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(np.dtype(TYPES[kind])), shape))
        self.initializers += parameters(name, values, kind)
        self.nodes.append(helper.make_node("DequantizeLinear", [name, name + "_scale", name + "_zero"], [name + "_real"]))
        return name + "_real"

    def weights(self, name, values, kind, axis):
        """8-bit weights with a scale per position along `axis`, or one for all."""
        reduced = tuple(i for i in range(values.ndim) if i != axis) if axis is not None else None
        scale = np.maximum(np.abs(values).max(axis=reduced), 1e-6).astype(np.float32) / 127
        zero = np.full(np.shape(scale), 0 if kind == "s8" else 128, TYPES[kind])
        for suffix, array in (("", quantized(values, scale, zero, kind, axis)), ("_scale", scale), ("_zero", zero)):
            self.initializers.append(numpy_helper.from_array(np.asarray(array), name + suffix))
        attributes = {} if axis is None else {"axis": axis}
        self.nodes.append(
            helper.make_node("DequantizeLinear", [name, name + "_scale", name + "_zero"], [name + "_real"], **attributes))
        return name + "_real", scale

    def bias(self, name, values, scale):
        scale = np.broadcast_to(np.asarray(scale, np.float32), np.shape(values)).astype(np.float32)
        for suffix, array in (("", np.rint(values / scale).astype(np.int32)), ("_scale", scale)):
            self.initializers.append(numpy_helper.from_array(np.array(array), name + suffix))
        self.nodes.append(helper.make_node("DequantizeLinear", [name, name + "_scale"], [name + "_real"], axis=0))
        return name + "_real"

    def output(self, value, kind, values, symmetric=False):
        self.initializers += parameters("y", values, kind, symmetric)
        self.nodes.append(helper.make_node("QuantizeLinear", [value, "y_scale", "y_zero"], ["y"]))
        self.kind = kind

    def model(self):
        output = helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(np.dtype(TYPES[self.kind])), None)
        graph = helper.make_graph(self.nodes, "net", self.inputs, [output], self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        return onnx.shape_inference.infer_shapes(model)


def peer(model, inputs, optimizes=True):
    options = onnxruntime.SessionOptions()
    if not optimizes:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, dict(zip([i.name for i in session.get_inputs()], inputs)))


def integers(kind, shape):
    info = np.iinfo(TYPES[kind])
    return RNG.integers(info.min, info.max + 1, shape).astype(TYPES[kind])


def check(model, inputs, apart=0.02, optimizes=True):
    """Within a step of onnxruntime, and the same bytes everywhere."""
    wanted = peer(model, inputs, optimizes)[0]
    results = [run_model(model, inputs, threads=threads)[0] for threads in (1, 2)]
    results += [run_model(model, inputs, **options)[0] for options in EVERYWHERE]
    for result in results:
        assert result.dtype == wanted.dtype and result.shape == wanted.shape
        assert np.array_equal(result, results[0])
    difference = np.abs(results[0].astype(int) - wanted.astype(int))
    assert difference.max() <= 1, f"{difference.max()} steps"
    # A step apart is a tie that was rounded the other way: rare.
    assert (difference > 0).mean() < apart
    return results[0]


CONVOLUTIONS = {  # channels, outputs, kernel, stride, groups, padding, dilation
    "1x1": (32, 48, 1, 1, 1, 0, 1), "1x1 stride 2": (19, 21, 1, 2, 1, 0, 1), "3x3": (16, 24, 3, 1, 1, 1, 1),
    "3x3 stride 2": (33, 17, 3, 2, 1, 1, 1), "7x7 of 3": (3, 32, 7, 2, 1, 3, 1), "depthwise": (40, 40, 3, 1, 40, 1, 1),
    "depthwise 5x5": (24, 24, 5, 2, 24, 2, 1), "grouped": (32, 48, 3, 1, 4, 1, 1), "dilated": (8, 9, 3, 1, 1, 2, 2),
    "one channel": (1, 5, 3, 1, 1, 1, 1),
}


def convolution(name, left, right, result, axis, activation=None, bias=True):
    channels, outputs, kernel, stride, groups, pad, dilation = CONVOLUTIONS[name]
    net = Net()
    x = net.input("x", [None, channels, 13, 11], left, np.array([-1.3, 2.1]))
    real = RNG.standard_normal((outputs, channels // groups, kernel, kernel)).astype(np.float32)
    w, scale = net.weights("w", real, right, axis)
    operands = [x, w]
    if bias:
        x_scale = numpy_helper.to_array(net.initializers[0])
        operands.append(net.bias("b", RNG.standard_normal(outputs), scale * x_scale))
    net.nodes.append(helper.make_node(
        "Conv", operands, ["c"], strides=[stride] * 2, pads=[pad] * 4, group=groups, dilations=[dilation] * 2))
    value = "c"
    if activation:
        net.nodes.append(helper.make_node(activation, ["c"] if activation == "Relu" else ["c", "low", "high"], ["a"]))
        if activation == "Clip":
            net.initializers += [numpy_helper.from_array(np.float32(v), n) for v, n in ((-2, "low"), (3.3, "high"))]
        value = "a"
    spread = 2 * np.sqrt(channels // groups) * kernel
    net.output(value, result, np.array([-spread if activation is None else 0, spread]))
    return net.model()


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize("activation", [None, "Relu"])
def test_convolution(name, activation):
    check(convolution(name, "u8", "s8", "u8", 0, activation), [integers("u8", (2, CONVOLUTIONS[name][0], 13, 11))])


@pytest.mark.parametrize("left,right,result", list(itertools.product(TYPES, repeat=3)))
@pytest.mark.parametrize("axis", [None, 0])
def test_convolution_of_every_type(left, right, result, axis):
    if left == "s8" and right == "u8":
        pytest.skip("onnxruntime computes u8u8, u8s8 and s8s8")
    check(convolution("3x3", left, right, result, axis, bias=axis == 0), [integers(left, (1, 16, 13, 11))])


@pytest.mark.parametrize("name", ["1x1", "depthwise"])
def test_convolution_clipped(name):
    check(convolution(name, "s8", "s8", "s8", 0, "Clip"), [integers("s8", (1, CONVOLUTIONS[name][0], 13, 11))])


@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize("kind,activation,zeros", [
    ("u8", "Clip", "equal"), ("u8", "Relu", "equal"), ("s8", None, "equal"), ("u8", None, "of their own")])
def test_activations_with_a_scale_for_each_channel(kind, activation, zeros, multiplier):
    """As NNCF quantizes what depthwise convolutions read."""
    channels = 20
    net = Net()
    x = net.input("x", [None, 12, 13, 11], "u8", np.array([-1.3, 2.1]))
    w, scale = net.weights("w", RNG.standard_normal((channels, 12, 1, 1)).astype(np.float32), "s8", 0)
    b = net.bias("b", RNG.standard_normal(channels), scale * numpy_helper.to_array(net.initializers[0]))
    net.nodes.append(helper.make_node("Conv", [x, w, b], ["c"]))
    value = "c"
    if activation:
        net.nodes.append(helper.make_node(activation, ["c"] + ["low", "high"] * (activation == "Clip"), ["a"]))
        net.initializers += [numpy_helper.from_array(np.float32(v), n) for v, n in ((0, "low"), (6, "high"))]
        value = "a"
    scales = (RNG.uniform(2, 6, channels) / 255).astype(np.float32)
    points = {"equal": np.full(channels, 0 if activation else 128 if kind == "u8" else 3), "of their own": RNG.integers(90, 160, channels)}
    net.initializers += [numpy_helper.from_array(scales, "m_scale"), numpy_helper.from_array(points[zeros].astype(TYPES[kind]), "m_zero")]
    net.nodes += [helper.make_node("QuantizeLinear", [value, "m_scale", "m_zero"], ["m"], axis=1),
                  helper.make_node("DequantizeLinear", ["m", "m_scale", "m_zero"], ["m_real"], axis=1)]
    v, own = net.weights("v", RNG.standard_normal((multiplier * channels, 1, 3, 3)).astype(np.float32), "s8", 0)
    d = net.bias("d", RNG.standard_normal(multiplier * channels), own * np.repeat(scales, multiplier))
    net.nodes.append(helper.make_node("Conv", ["m_real", v, d], ["e"], pads=[1] * 4, group=channels))
    net.output("e", "u8", np.array([-30.0, 30.0]))
    # onnxruntime's optimizer makes a QLinearConv of it, which then refuses the zero points.
    check(net.model(), [integers("u8", (2, 12, 13, 11))], optimizes=False)


@pytest.mark.parametrize("operator", ["MatMul", "Gemm"])
@pytest.mark.parametrize("left,result", list(itertools.product(TYPES, repeat=2)))
def test_product(operator, left, result):
    net = Net()
    a = net.input("a", [None, 65], left, np.array([-1.0, 3.0]))
    transposed = operator == "Gemm"
    real = RNG.standard_normal((37, 65) if transposed else (65, 37)).astype(np.float32)
    b, scale = net.weights("b", real, "s8", 0 if transposed else 1)
    operands = [a, b]
    if transposed:
        operands.append(net.bias("c", RNG.standard_normal(37), scale * numpy_helper.to_array(net.initializers[0])))
    net.nodes.append(helper.make_node(operator, operands, ["p"], **({"transB": 1} if transposed else {})))
    net.output("p", result, np.array([-30.0, 30.0]))
    check(net.model(), [integers(left, (5, 65))])


@pytest.mark.parametrize("operator", ["Add", "Mul"])
@pytest.mark.parametrize("left,right,result", [("u8", "u8", "u8"), ("s8", "s8", "s8")])
@pytest.mark.parametrize("shape", [(2, 19, 5, 7), (2, 19, 1, 1)])
def test_arithmetic(operator, left, right, result, shape):
    if operator == "Add" and shape[2] == 1:
        pytest.skip("only a product has one number per channel")
    net = Net()
    a = net.input("a", [None, 19, 5, 7], left, np.array([-1.0, 3.0]))
    b = net.input("b", [None, *shape[1:]], right, np.array([-2.0, 0.7]))
    net.nodes.append(helper.make_node(operator, [a, b], ["s"]))
    net.output("s", result, np.array([-4.0, 4.0]))
    check(net.model(), [integers(left, (2, 19, 5, 7)), integers(right, shape)])


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("operator", ["AveragePool", "GlobalAveragePool", "MaxPool", "Sigmoid", "HardSwish", "LeakyRelu",
                                      "Relu", "Transpose", "Flatten"])
def test_one_tensor(kind, operator):
    attributes = {
        "AveragePool": {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]},
        "MaxPool": {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]}, "LeakyRelu": {"alpha": 0.1},
        "Transpose": {"perm": [0, 2, 3, 1]}}.get(operator, {})
    net = Net()
    x = net.input("x", [None, 19, 8, 7], kind, np.array([-4.0, 5.0]))
    net.nodes.append(helper.make_node(operator, [x], ["f"], **attributes))
    same = operator in ("MaxPool", "Transpose", "Flatten")
    net.output("f", kind, np.array([-4.0, 5.0]) if same else np.array([-0.5, 5.0]))
    check(net.model(), [integers(kind, (2, 19, 8, 7))])


def test_concat_of_two_quantizations():
    net = Net()
    a = net.input("a", [None, 19, 5, 7], "u8", np.array([-1.0, 3.0]))
    b = net.input("b", [None, 8, 5, 7], "u8", np.array([-2.0, 0.7]))
    net.nodes.append(helper.make_node("Concat", [a, b], ["s"], axis=1))
    net.output("s", "u8", np.array([-2.0, 3.0]))
    check(net.model(), [integers("u8", (2, 19, 5, 7)), integers("u8", (2, 8, 5, 7))])


def test_residual():
    """Conv, Add and Relu, each with its quantization: one computation."""
    net = Net()
    x = net.input("x", [None, 24, 9, 9], "u8", np.array([0.0, 3.0]))
    r = net.input("r", [None, 40, 9, 9], "u8", np.array([0.0, 5.0]))
    w, _ = net.weights("w", RNG.standard_normal((40, 24, 1, 1)).astype(np.float32), "s8", 0)
    net.nodes.append(helper.make_node("Conv", [x, w], ["c"]))
    net.initializers += parameters("c", np.array([-9.0, 9.0]), "u8")
    net.nodes.append(helper.make_node("QuantizeLinear", ["c", "c_scale", "c_zero"], ["cq"]))
    net.nodes.append(helper.make_node("DequantizeLinear", ["cq", "c_scale", "c_zero"], ["cd"]))
    net.nodes += [helper.make_node("Add", ["cd", r], ["s"]), helper.make_node("Relu", ["s"], ["a"])]
    net.output("a", "u8", np.array([0.0, 12.0]))
    check(net.model(), [integers("u8", (2, 24, 9, 9)), integers("u8", (2, 40, 9, 9))])


# MARK: onnxruntime's own operators


@pytest.mark.parametrize("operator,attributes", [
    ("QLinearSigmoid", {}), ("QLinearLeakyRelu", {"alpha": 0.2}), ("QLinearGlobalAveragePool", {}),
    ("QLinearAveragePool", {"kernel_shape": [2, 2], "strides": [2, 2]}), ("QLinearSoftmax", {"axis": 1, "opset": 13})])
@pytest.mark.parametrize("kind", TYPES)
def test_contributed_unary(operator, attributes, kind):
    x, y = parameters("x", np.array([-3.0, 4.0]), kind), parameters("y", np.array([-0.6, 4.0]), kind)
    node = helper.make_node(
        operator, ["x", "x_scale", "x_zero", "y_scale", "y_zero"], ["y"], domain="com.microsoft", **attributes)
    run_contributed([node], {"x": (2, 12, 6, 6)}, kind, x + y)


@pytest.mark.parametrize("operator", ["QLinearAdd", "QLinearMul", "QLinearConcat"])
@pytest.mark.parametrize("kind", TYPES)
def test_contributed_binary(operator, kind):
    initializers = parameters("a", np.array([-3.0, 4.0]), kind) + parameters("b", np.array([-1.0, 2.0]), kind)
    initializers += parameters("y", np.array([-6.0, 7.0]), kind)
    operands = ["a", "a_scale", "a_zero", "b", "b_scale", "b_zero"]
    result = ["y_scale", "y_zero"]
    attributes = {"axis": 1} if operator == "QLinearConcat" else {}
    operands = result + operands if attributes else operands + result
    node = helper.make_node(operator, operands, ["y"], domain="com.microsoft", **attributes)
    run_contributed([node], {"a": (2, 12, 6, 6), "b": (2, 12, 6, 6)}, kind, initializers)


@pytest.mark.parametrize("has_output", [True, False])
def test_qgemm(has_output):
    weights = integers("s8", (20, 33))
    initializers = parameters("a", np.array([-3.0, 4.0]), "u8") + [
        numpy_helper.from_array(weights, "b"), numpy_helper.from_array(np.float32(0.02), "b_scale"),
        numpy_helper.from_array(np.int8(0), "b_zero"),
        numpy_helper.from_array(RNG.integers(-9000, 9000, 20).astype(np.int32), "c")]
    operands = ["a", "a_scale", "a_zero", "b", "b_scale", "b_zero", "c"]
    if has_output:
        initializers += parameters("y", np.array([-40.0, 40.0]), "u8")
        operands += ["y_scale", "y_zero"]
    node = helper.make_node("QGemm", operands, ["y"], domain="com.microsoft", transB=1, alpha=1.0)
    run_contributed([node], {"a": (3, 33)}, "u8", initializers, TensorProto.UINT8 if has_output else TensorProto.FLOAT)


def run_contributed(nodes, shapes, kind, initializers, result=None):
    dtype = helper.np_dtype_to_tensor_dtype(np.dtype(TYPES[kind]))
    inputs = [helper.make_tensor_value_info(name, dtype, [None, *shape[1:]]) for name, shape in shapes.items()]
    output = helper.make_tensor_value_info("y", result or dtype, None)
    graph = helper.make_graph(nodes, "net", inputs, [output], initializers)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)], ir_version=8)
    arrays = [integers(kind, shape) for shape in shapes.values()]
    if result != TensorProto.FLOAT:
        # onnxruntime's softmax of bytes adds powers in fixed point.
        return check(model, arrays, apart=0.1 if nodes[0].op_type == "QLinearSoftmax" else 0.02)
    np.testing.assert_allclose(run_model(model, arrays)[0], peer(model, arrays)[0], rtol=1e-5, atol=1e-5)


# MARK: Dynamic quantization


def dynamic(nodes, shape, initializers):
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    graph = helper.make_graph(
        nodes, "net", inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], initializers)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)], ir_version=8)
    x = RNG.standard_normal(shape).astype(np.float32)
    np.testing.assert_allclose(run_model(model, [x])[0], peer(model, [x])[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("pads", [0, 1])
def test_dynamic_convolution(pads):
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        helper.make_node("ConvInteger", ["q", "w", "z", "wz"], ["i"], pads=[pads] * 4),
        helper.make_node("Cast", ["i"], ["f"], to=TensorProto.FLOAT), helper.make_node("Mul", ["s", "ws"], ["m"]),
        helper.make_node("Mul", ["f", "m"], ["y"])]
    dynamic(nodes, [1, 7, 9, 8], [
        numpy_helper.from_array(integers("s8", (12, 7, 3, 3)), "w"), numpy_helper.from_array(np.int8(3), "wz"),
        numpy_helper.from_array(np.float32(0.01), "ws")])


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("bias", [True, False])
def test_dynamic_product(kind, bias):
    weights = integers(kind, (31, 17))
    operands = ["x", "w", "ws", "wz"] + (["b"] if bias else [])
    dynamic(
        [helper.make_node("DynamicQuantizeMatMul", operands, ["y"], domain="com.microsoft")], [1, 31], [
            numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.float32(0.02), "ws"),
            numpy_helper.from_array(TYPES[kind](5), "wz"),
            numpy_helper.from_array(RNG.standard_normal(17).astype(np.float32), "b")])


# MARK: Weights alone


@pytest.mark.parametrize("element", [TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.INT8])
def test_small_weights(element):
    """float16 and bfloat16 initializers with a Cast, int8 ones with a DequantizeLinear; the arithmetic is float32."""
    real = RNG.standard_normal((8, 5, 3, 3)).astype(np.float32)
    if element == TensorProto.INT8:
        scale = np.abs(real).max(axis=(1, 2, 3)).astype(np.float32) / 127
        weights = numpy_helper.from_array(quantized(real, scale, np.zeros(8), "s8", 0), "w")
        nodes = [helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["r"], axis=0)]
        more = [numpy_helper.from_array(scale, "ws"), numpy_helper.from_array(np.zeros(8, np.int8), "wz")]
        exact = numpy_helper.to_array(weights) * scale.reshape(-1, 1, 1, 1)
    else:
        if element == TensorProto.FLOAT16:
            exact = real.astype(np.float16).astype(np.float32)
        else:
            exact = (real.view(np.uint32) & 0xFFFF0000).view(np.float32)
        weights = helper.make_tensor("w", element, real.shape, exact.ravel().tolist())
        nodes, more = [helper.make_node("Cast", ["w"], ["r"], to=TensorProto.FLOAT)], []
    nodes.append(helper.make_node("Conv", ["x", "r"], ["y"]))
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 5, 8, 8])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    model = helper.make_model(
        helper.make_graph(nodes, "net", inputs, outputs, [weights] + more),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    x = RNG.standard_normal((1, 5, 8, 8)).astype(np.float32)
    plain = helper.make_model(
        helper.make_graph([helper.make_node("Conv", ["x", "r"], ["y"])], "net", inputs, outputs,
                          [numpy_helper.from_array(exact.astype(np.float32), "r")]),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    np.testing.assert_allclose(run_model(model, [x])[0], peer(plain, [x])[0], rtol=1e-4, atol=1e-4)
