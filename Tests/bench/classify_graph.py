"""An ONNX network of the benchmark as a plain list of layers, for the peers that do not read ONNX.

Batch normalisation and products and sums with constants are folded into the convolution before them, activations into
the layer before them, wherever nothing else reads the value between; what cannot be folded stays a layer of its own.
"""

import collections
import dataclasses
import math

import numpy as np
import onnx
from onnx import numpy_helper


@dataclasses.dataclass
class Layer:
    """Weights are (outputs, inputs / groups, height, width) for conv, (outputs, inputs) for dense, (channels,) for scale."""

    kind: str  # input conv dense scale add concat maxpool avgpool mean flatten activation softmax
    inputs: list
    output: str
    shape: tuple  # (channels, height, width) or (classes,), without the batch
    weights: np.ndarray = None
    bias: np.ndarray = None
    kernel: tuple = (1, 1)
    strides: tuple = (1, 1)
    pads: tuple = (0, 0, 0, 0)  # top, left, bottom, right
    groups: int = 1
    activation: str = None  # None, relu or relu6


def read(path):
    """The layers of the network at `path`, the input first, the output last. ValueError where an operator is unknown."""
    return _Reader(onnx.load(path).graph).layers


class _Reader:
    def __init__(self, graph):
        self.constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        self.readers = collections.Counter(name for node in graph.node for name in node.input)
        self.layers, self.made = [], {}
        entry = next(i for i in graph.input if i.name not in self.constants)
        shape = tuple(d.dim_value for d in entry.type.tensor_type.shape.dim)[1:]
        self.append("input", [], entry.name, shape)
        for node in graph.node:
            self.node(node)

    def append(self, kind, inputs, output, shape, **facts):
        self.layers.append(Layer(kind, [self.made[name].output for name in inputs], output, shape, **facts))
        self.made[output] = self.layers[-1]

    def node(self, node):
        kind, inputs, output = node.op_type, list(node.input), node.output[0]
        facts = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        plain = facts.get("auto_pad", b"NOTSET") == b"NOTSET" and set(facts.get("dilations", [1])) == {1}
        if not plain or facts.get("ceil_mode"):
            raise ValueError(f"{kind} with {facts}")
        if kind == "Unsqueeze" and inputs[0] in self.constants:
            self.constants[output] = np.expand_dims(self.constants[inputs[0]], tuple(facts["axes"]))
        elif kind in ("Dropout", "Identity"):
            self.made[output] = self.made[inputs[0]]
        elif kind == "BatchNormalization":
            gamma, beta, mean, variance = (self.constants[name].astype(np.float64) for name in inputs[1:5])
            scale = gamma / np.sqrt(variance + facts.get("epsilon", 1e-5))
            self.affine(inputs[0], output, scale, beta - mean * scale)
        elif kind in ("Mul", "Add") and inputs[1] in self.constants:
            constant = self.constants[inputs[1]].reshape(-1)
            self.affine(inputs[0], output, *((constant, 0) if kind == "Mul" else (1, constant)))
        elif kind == "Relu":
            self.activation(inputs[0], output, "relu")
        elif kind == "Clip" and [self.constants[name].item() for name in inputs[1:]] == [0, 6]:
            self.activation(inputs[0], output, "relu6")
        elif kind == "Conv":
            weights, before = self.constants[inputs[1]], self.made[inputs[0]].shape
            window = self.window(before, facts)
            bias = self.constants[inputs[2]] if len(inputs) > 2 else np.zeros(len(weights))
            self.append("conv", inputs[:1], output, (len(weights),) + window.pop("size"), weights=weights, bias=bias,
                        groups=facts.get("group", 1), **window)
        elif kind in ("MaxPool", "AveragePool"):
            before = self.made[inputs[0]].shape
            window = self.window(before, facts)
            self.append(kind.lower().replace("average", "avg"), inputs, output, before[:1] + window.pop("size"), **window)
        elif kind == "Gemm" and facts.get("transB") and facts.get("alpha", 1) == facts.get("beta", 1) == 1:
            weights, bias = self.constants[inputs[1]], self.constants[inputs[2]]
            self.append("dense", inputs[:1], output, (len(weights),), weights=weights, bias=bias)
        elif kind == "Concat" and facts["axis"] == 1:
            shapes = [self.made[name].shape for name in inputs]
            self.append("concat", inputs, output, (sum(s[0] for s in shapes),) + shapes[0][1:])
        elif kind in ("Add", "Sum") and len(inputs) == 2:
            self.append("add", inputs, output, self.made[inputs[0]].shape)
        elif kind == "GlobalAveragePool":
            self.append("mean", inputs, output, self.made[inputs[0]].shape[:1] + (1, 1))
        elif kind in ("Flatten", "Reshape"):
            self.append("flatten", inputs[:1], output, (math.prod(self.made[inputs[0]].shape),))
        elif kind == "Softmax":
            self.append("softmax", inputs, output, self.made[inputs[0]].shape)
        else:
            raise ValueError(f"{kind} is not known here")

    @staticmethod
    def window(shape, facts):
        kernel, strides = tuple(facts["kernel_shape"]), tuple(facts.get("strides", (1, 1)))
        pads = tuple(facts.get("pads", (0, 0, 0, 0)))
        size = tuple((shape[1 + i] + pads[i] + pads[2 + i] - kernel[i]) // strides[i] + 1 for i in (0, 1))
        return {"kernel": kernel, "strides": strides, "pads": pads, "size": size}

    def foldable(self, name, kinds):
        """The layer that makes `name`, where it takes part in nothing else and is not activated yet."""
        layer = self.made[name]
        return layer if layer.kind in kinds and layer.activation is None and self.readers[name] == 1 else None

    def affine(self, name, output, scale, shift):
        layer = self.foldable(name, ("conv", "scale"))
        if layer is None:
            channels = self.made[name].shape[0]
            self.append("scale", [name], output, self.made[name].shape, weights=np.ones(channels), bias=np.zeros(channels))
            layer = self.layers[-1]
        scale = np.broadcast_to(scale, len(layer.weights))
        layer.weights = layer.weights * scale.reshape((-1,) + (1,) * (layer.weights.ndim - 1))
        layer.bias = layer.bias * scale + shift
        self.made[output] = layer

    def activation(self, name, output, kind):
        layer = self.foldable(name, ("conv", "dense", "add", "scale"))
        if layer is None:
            self.append("activation", [name], output, self.made[name].shape)
            layer = self.layers[-1]
        layer.activation = kind
        self.made[output] = layer
