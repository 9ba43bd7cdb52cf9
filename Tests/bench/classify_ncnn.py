"""Writes a network as ncnn reads it: PATH.param, the layers as text, and PATH.bin, their weights as raw float32.

The text's keys are those of ncnn's wiki, "operation param weight table"; a weight tensor that might be compressed has a
zero word in front, which says that it is not.
"""

import pathlib
import sys

import numpy as np

import classify_graph

MAGIC = 7767517
ACTIVATIONS = {None: "", "relu": " 9=1", "relu6": " 9=3 -23310=2,0.0,6.0"}
SEPARATE = {"relu": ("ReLU", ""), "relu6": ("Clip", "0=0 1=6")}


def write(layers, target):
    """`target` ends in .param; the weights go next to it. The blobs at the ends are called "data" and "output"."""
    lines, readers, weights = [], {}, []
    for layer in layers:
        for name in layer.inputs:
            readers[name] = readers.get(name, 0) + 1
    waiting = {}  # A value that several layers read is split first: every blob has one reader.

    def line(kind, inputs, outputs, keys=""):
        lines.append(f"{kind} l{len(lines)} {len(inputs)} {len(outputs)} {' '.join(inputs + outputs)} {keys}".rstrip())

    for layer in layers:
        inputs = [waiting[name].pop() for name in layer.inputs]
        last = layer is layers[-1]
        blob = "data" if layer.kind == "input" else "output" if last else f"b{len(lines)}"
        kind, keys, tensors = describe(layer)
        separate = layer.activation if layer.kind in ("add", "scale") else None
        line(kind, inputs, [f"{blob}_linear" if separate else blob], keys)
        if separate:
            name, keys = SEPARATE[separate]
            line(name, [f"{blob}_linear"], [blob], keys)
        weights += tensors
        waiting[layer.output] = [blob]
        if readers.get(layer.output, 0) > 1:
            waiting[layer.output] = [f"{blob}_{i}" for i in range(readers[layer.output])]
            line("Split", [blob], list(waiting[layer.output]))
    blobs = sum(int(text.split()[3]) for text in lines)
    pathlib.Path(target).write_text("\n".join([str(MAGIC), f"{len(lines)} {blobs}"] + lines) + "\n")
    with open(pathlib.Path(target).with_suffix(".bin"), "wb") as file:
        for tensor in weights:
            file.write(np.ascontiguousarray(tensor, "<f4").tobytes())


def describe(layer):
    """ncnn's name of the layer, its keys and its tensors in the order of the file."""
    uncompressed = np.zeros(1)
    (height, width), (top, left, bottom, right) = layer.kernel, layer.pads
    if layer.kind == "conv":
        keys = (f"0={len(layer.weights)} 1={width} 11={height} 3={layer.strides[1]} 13={layer.strides[0]} 4={left} "
                f"14={top} 15={right} 16={bottom} 5=1 6={layer.weights.size}{ACTIVATIONS[layer.activation]}")
        name = "Convolution" if layer.groups == 1 else "ConvolutionDepthWise"
        return name, keys if layer.groups == 1 else f"{keys} 7={layer.groups}", [uncompressed, layer.weights, layer.bias]
    if layer.kind == "dense":
        keys = f"0={len(layer.weights)} 1=1 2={layer.weights.size}{ACTIVATIONS[layer.activation]}"
        return "InnerProduct", keys, [uncompressed, layer.weights, layer.bias]
    if layer.kind in ("maxpool", "avgpool"):
        keys = (f"0={int(layer.kind == 'avgpool')} 1={width} 11={height} 2={layer.strides[1]} 12={layer.strides[0]} "
                f"3={left} 13={top} 14={right} 15={bottom} 5=1")
        return "Pooling", keys, []
    if layer.kind == "scale":
        return "Scale", f"0={len(layer.weights)} 1=1", [layer.weights, layer.bias]
    if layer.kind == "activation":
        return *SEPARATE[layer.activation], []
    channels, *size = layer.shape
    return {
        "input": ("Input", f"0={size[-1]} 1={size[0]} 2={channels}" if size else "", []), "add": ("BinaryOp", "0=0", []),
        "concat": ("Concat", "0=0", []), "mean": ("Pooling", "0=1 4=1", []), "flatten": ("Flatten", "", []),
        "softmax": ("Softmax", "0=0", [])}[layer.kind]


if __name__ == "__main__":
    write(classify_graph.read(sys.argv[1]), sys.argv[2])
