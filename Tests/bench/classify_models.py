"""The networks of the classification benchmark, made where they are not there yet; random weights in the real shapes."""

import importlib
import pathlib
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import classify_graph
from classify_engines import PEERS

SUPPORT = pathlib.Path(__file__).resolve().parents[1] / "support"


class Builder:
    """Convolutions with folded batch normalisation, He-normal weights."""

    def __init__(self):
        self.random, self.nodes, self.initializers = np.random.default_rng(1), [], []

    def tensor(self, array):
        name = f"w{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(array, np.float32), name))
        return name

    def node(self, operator, *inputs, **attributes):
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def conv(self, x, inputs, outputs, kernel, stride=1, groups=1):
        fan = inputs // groups * kernel * kernel
        weights = self.random.standard_normal((outputs, inputs // groups, kernel, kernel), np.float32) * (2 / fan) ** 0.5
        bias = self.random.standard_normal(outputs, np.float32) * 0.05
        pad = kernel // 2
        return self.node("Conv", x, self.tensor(weights), self.tensor(bias), kernel_shape=[kernel] * 2,
                         strides=[stride] * 2, pads=[pad] * 4, group=groups)

    def relu6(self, x):
        return self.node("Clip", x, self.tensor(np.float32(0)), self.tensor(np.float32(6)))

    def classifier(self, x, inputs):
        x = self.node("Flatten", self.node("GlobalAveragePool", x))
        weights = self.random.standard_normal((1000, inputs), np.float32) * inputs ** -0.5
        return self.node("Gemm", x, self.tensor(weights), self.tensor(np.zeros(1000)), transB=1)

    def model(self, output):
        graph = helper.make_graph(
            self.nodes, "model", [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["N", 3, 224, 224])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", 1000])], self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
        model.ir_version = 8
        return model


def mobilenet_v2():
    """Sandler et al. 2018, table 2."""
    b = Builder()
    x, channels = b.relu6(b.conv("data", 3, 32, 3, 2)), 32
    for expand, outputs, count, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                           (6, 160, 3, 2), (6, 320, 1, 1)):
        for index in range(count):
            wide, step = channels * expand, stride if index == 0 else 1
            y = b.relu6(b.conv(x, channels, wide, 1)) if expand > 1 else x
            y = b.conv(b.relu6(b.conv(y, wide, wide, 3, step, wide)), wide, outputs, 1)
            x = b.node("Add", x, y) if step == 1 and channels == outputs else y
            channels = outputs
    return b.model(b.classifier(b.relu6(b.conv(x, channels, 1280, 1)), 1280))


def resnet18():
    """He et al. 2015, table 1."""
    b = Builder()
    x = b.node("Relu", b.conv("data", 3, 64, 7, 2))
    x, channels = b.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4), 64
    for stage in range(4):
        outputs = 64 << stage
        for index in range(2):
            step = 2 if stage > 0 and index == 0 else 1
            y = b.conv(b.node("Relu", b.conv(x, channels, outputs, 3, step)), outputs, outputs, 3)
            x = x if step == 1 and channels == outputs else b.conv(x, channels, outputs, 1, step)
            x, channels = b.node("Relu", b.node("Add", x, y)), outputs
    return b.model(b.classifier(x, 512))


def light(name):
    """One of the onnx package's real networks, whose weights all are one constant: random ones in their place."""
    model = onnx.load(pathlib.Path(onnx.__file__).parent / "backend/test/data/light" / f"light_{name}.onnx")
    graph, random = model.graph, np.random.default_rng(1)
    initializers = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    kept, weights = [], []
    for node in graph.node:
        if node.op_type == "ConstantOfShape":
            weights.append(weight(random, node.output[0], tuple(initializers.pop(node.input[0]))))
        else:
            kept.append(node)
    # The short ones are there already.
    weights += [numpy_helper.from_array(values, name) for name, values in initializers.items()]
    entry = [i for i in graph.input if i.name not in {t.name for t in graph.initializer}]
    for field, values in ((graph.node, kept), (graph.initializer, weights), (graph.input, entry)):
        del field[:]
        field.extend(values)
    model.ir_version = 8
    return model


def weight(random, name, shape):
    """He-normal for what multiplies; a batch normalisation that changes nothing; small biases."""
    if len(shape) > 1:
        values = random.standard_normal(shape, np.float32) * np.float32((2 / np.prod(shape[1:])) ** 0.5)
    elif name.endswith(("scale_0", "var_0", "bn_w_0")):
        values = np.ones(shape, np.float32)
    else:
        values = random.standard_normal(shape, np.float32) * np.float32(0.05)
    return numpy_helper.from_array(values, name)


def made(target, write):
    """The file `target`, written whole if it is not there."""
    if not target.exists():
        half = target.with_name("half." + target.name)
        write(half)
        # ncnn's weights are a file of their own, which must be there before the one that is looked for.
        if half.with_suffix(".bin").exists():
            half.with_suffix(".bin").rename(target.with_suffix(".bin"))
        half.rename(target)
    return str(target)


def write_onnx(name, target):
    if name.startswith("resnet50"):
        variant = name.removeprefix("resnet50_")
        subprocess.run([sys.executable, SUPPORT / "make_resnet.py", "--variant", variant, "-o", target], check=True)
    else:
        own = {"mobilenet_v2": mobilenet_v2, "resnet18": resnet18}
        onnx.save(own[name]() if name in own else light(name), target)


def paths(name, folder):
    """The files of network `name` in `folder`, made where they are not there: by ending, .onnx and what the peers read."""
    folder.mkdir(parents=True, exist_ok=True)
    source = made(folder / f"{name}.onnx", lambda target: write_onnx(name, target))
    files = {".onnx": source}
    for peer in PEERS.values():
        if peer.suffix not in files:
            module = importlib.import_module({".tflite": "classify_tflite", ".param": "classify_ncnn"}[peer.suffix])
            files[peer.suffix] = made(
                folder / (name + peer.suffix), lambda target: module.write(classify_graph.read(source), target))
    return files
