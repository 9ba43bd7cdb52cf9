"""Writes a network as LiteRT reads it: a .tflite flatbuffer, channels last, batch 1 (resized when it is loaded).

The tables are LiteRT's own schema module's. TensorFlow's SAME pads more after than before; where ONNX's pads differ
from it, a PAD operator comes first.
"""

import sys

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

import classify_graph

OPERATOR, PADDING = schema.BuiltinOperator, schema.Padding
ACTIVATIONS = {None: 0, "relu": schema.ActivationFunctionType.RELU, "relu6": schema.ActivationFunctionType.RELU6}


class Buffer(schema.BufferT):
    """Aligned as the schema demands (force_align 16), which the generated Python does not see to."""

    def Pack(self, builder):
        builder.StartVector(1, len(self.data), 16)
        builder.head -= len(self.data)
        builder.Bytes[builder.head:builder.head + len(self.data)] = self.data
        vector = builder.EndVector()
        schema.BufferStart(builder)
        schema.BufferAddData(builder, vector)
        return schema.BufferEnd(builder)


class Writer:
    def __init__(self):
        self.buffers, self.tensors, self.operators, self.codes = [schema.BufferT()], [], [], []

    def tensor(self, shape, contents=None):
        """The index of a new tensor; a constant where there are contents."""
        tensor = schema.TensorT()
        tensor.shape, tensor.name, tensor.buffer = list(map(int, shape)), f"t{len(self.tensors)}", 0
        tensor.type = schema.TensorType.FLOAT32
        if contents is not None:
            if contents.dtype == np.int32:
                tensor.type = schema.TensorType.INT32
            tensor.buffer = len(self.buffers)
            self.buffers.append(Buffer())
            self.buffers[-1].data = np.ascontiguousarray(contents).tobytes()
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def constant(self, array, dtype=np.float32):
        array = np.asarray(array, dtype)
        return self.tensor(array.shape, array)

    def operator(self, code, inputs, shape, options=None, **fields):
        """Appends an operator with one output of `shape`; returns that tensor."""
        operator = schema.OperatorT()
        if code not in self.codes:
            self.codes.append(code)
        operator.opcodeIndex, operator.inputs, operator.outputs = self.codes.index(code), inputs, [self.tensor(shape)]
        if options:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(schema, options + "T")()
            for name, value in fields.items():
                setattr(operator.builtinOptions, name, value)
        self.operators.append(operator)
        return operator.outputs[0]

    def bytes(self, entry, output):
        graph, model = schema.SubGraphT(), schema.ModelT()
        graph.tensors, graph.operators, graph.inputs, graph.outputs = self.tensors, self.operators, [entry], [output]
        model.version, model.subgraphs, model.buffers, model.operatorCodes = 3, [graph], self.buffers, []
        for number in self.codes:
            code = schema.OperatorCodeT()
            code.builtinCode = code.deprecatedBuiltinCode = number
            code.version = 1
            model.operatorCodes.append(code)
        builder = flatbuffers.Builder(sum(len(b.data) for b in self.buffers[1:]) + (1 << 20))
        builder.Finish(model.Pack(builder), b"TFL3")
        return builder.Output()


def batched(shape):
    """(channels, height, width) as LiteRT has it: (1, height, width, channels)."""
    return (1,) + tuple(shape[1:]) + (shape[0],)


def padded(writer, x, before, layer):
    """The input of a window, padded where it must be, and the padding that the operator adds itself."""
    if not any(layer.pads):
        return x, PADDING.VALID
    needed = [max((layer.shape[1 + i] - 1) * layer.strides[i] + layer.kernel[i] - before.shape[1 + i], 0) for i in (0, 1)]
    first = list(layer.pads[:2])
    if first == [n // 2 for n in needed]:
        return x, PADDING.SAME
    if layer.kind != "conv" and before.activation is None:
        raise ValueError("zeros around a maximum of values that may be negative")
    around = [[0, 0]] + [[first[i], max(needed[i] - first[i], 0)] for i in (0, 1)] + [[0, 0]]
    height, width = (before.shape[1 + i] + sum(around[1 + i]) for i in (0, 1))
    paddings = writer.constant(around, np.int32)
    return writer.operator(OPERATOR.PAD, [x, paddings], (1, height, width, before.shape[0]), "PadOptions"), PADDING.VALID


def write(layers, target):
    writer, value, made = Writer(), {}, {}
    for layer in layers:
        inputs = [value[name] for name in layer.inputs]
        befores = [made[name] for name in layer.inputs]
        value[layer.output], made[layer.output] = emit(writer, layer, inputs, befores), layer
    with open(target, "wb") as file:
        file.write(writer.bytes(value[layers[0].output], value[layers[-1].output]))


def emit(w, layer, inputs, befores):
    """Appends what computes `layer`; returns the tensor of its output."""
    shape = batched(layer.shape) if len(layer.shape) == 3 else (1,) + layer.shape
    activation = ACTIVATIONS[layer.activation]
    steps = {"strideH": layer.strides[0], "strideW": layer.strides[1]}
    if layer.kind == "input":
        return w.tensor(shape)
    if layer.kind == "conv":
        x, padding = padded(w, inputs[0], befores[0], layer)
        fields = {"padding": padding, "fusedActivationFunction": activation, "dilationHFactor": 1,
                  "dilationWFactor": 1, **steps}
        if layer.groups == 1:
            operands = [x, w.constant(layer.weights.transpose(0, 2, 3, 1)), w.constant(layer.bias)]
            return w.operator(OPERATOR.CONV_2D, operands, shape, "Conv2DOptions", **fields)
        if layer.groups != befores[0].shape[0]:
            raise ValueError("groups of several channels")
        operands = [x, w.constant(layer.weights.transpose(1, 2, 3, 0)), w.constant(layer.bias)]
        return w.operator(OPERATOR.DEPTHWISE_CONV_2D, operands, shape, "DepthwiseConv2DOptions",
                          depthMultiplier=len(layer.weights) // layer.groups, **fields)
    if layer.kind in ("maxpool", "avgpool"):
        if layer.kind == "avgpool" and any(layer.pads):
            raise ValueError("padded average")
        x, padding = padded(w, inputs[0], befores[0], layer)
        code = OPERATOR.MAX_POOL_2D if layer.kind == "maxpool" else OPERATOR.AVERAGE_POOL_2D
        return w.operator(code, [x], shape, "Pool2DOptions", padding=padding, filterHeight=layer.kernel[0],
                          filterWidth=layer.kernel[1], **steps)
    if layer.kind == "dense":
        operands = [inputs[0], w.constant(layer.weights), w.constant(layer.bias)]
        return w.operator(
            OPERATOR.FULLY_CONNECTED, operands, shape, "FullyConnectedOptions", fusedActivationFunction=activation)
    if layer.kind == "scale":
        product = w.operator(OPERATOR.MUL, [inputs[0], w.constant(layer.weights)], shape, "MulOptions")
        inputs = [product, w.constant(layer.bias)]
    if layer.kind in ("add", "scale"):
        return w.operator(OPERATOR.ADD, inputs, shape, "AddOptions", fusedActivationFunction=activation)
    if layer.kind == "concat":
        return w.operator(OPERATOR.CONCATENATION, inputs, shape, "ConcatenationOptions", axis=3)
    if layer.kind == "mean":
        axes = w.constant([1, 2], np.int32)
        return w.operator(OPERATOR.MEAN, [inputs[0], axes], shape, "ReducerOptions", keepDims=True)
    if layer.kind == "flatten":
        x = inputs[0]
        if befores[0].shape[1:] != (1, 1):  # The weights that follow count channels first.
            order = w.constant([0, 3, 1, 2], np.int32)
            x = w.operator(OPERATOR.TRANSPOSE, [x, order], (1,) + befores[0].shape, "TransposeOptions")
        target = w.constant([-1, layer.shape[0]], np.int32)
        return w.operator(OPERATOR.RESHAPE, [x, target], shape, "ReshapeOptions", newShape=[-1, layer.shape[0]])
    if layer.kind == "activation":
        return w.operator(OPERATOR.RELU if layer.activation == "relu" else OPERATOR.RELU6, inputs, shape)
    return w.operator(OPERATOR.SOFTMAX, inputs, shape, "SoftmaxOptions", beta=1.0)


if __name__ == "__main__":
    write(classify_graph.read(sys.argv[1]), sys.argv[2])
