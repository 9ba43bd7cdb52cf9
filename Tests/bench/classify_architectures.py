#!/usr/bin/env python3
"""Architectures that the kernels were not tuned for, compared with onnxruntime and OpenVINO held to float32: classify_architectures.py FOLDER [NAME…]

FOLDER holds NAME-torchscript-fixed.onnx, as `Tests/zoo/zoo.py --exporters torchscript --batches fixed --keep FOLDER NAME…` leaves
them; without names the sixteen below. Batch 1, one thread, interleaved rounds; answers are compared first. Prints a line per network
as soon as it is measured: milliseconds (median) and ours to the better peer's; then the geometric mean of the convolutional networks.
BIN names a folder of other binaries, ROUNDS and REPETITIONS the number of rounds and of runs in each.
"""

import os
import pathlib
import sys

import numpy as np

TESTS = str(pathlib.Path(__file__).resolve().parents[1])
sys.path.insert(0, TESTS)
os.environ["PYTHONPATH"] = TESTS  # Of the peers' processes.
from classify_processes import Classify, Peer, agree, agree_first, interleave, killed_at_end

CONVOLUTIONAL = ["efficientnet_b0", "efficientnet_v2_s", "mobilenet_v3_large", "regnet_y_400mf", "resnext50_32x4d",
                 "levit_128s", "repvgg_a0", "seresnet50", "hgnetv2_b0", "resnet50d", "mnasnet1_0", "densenet121"]
ATTENTION = ["vit_small_patch16_224", "vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "convnext_tiny"]
PEERS = ["onnxruntime", "OpenVINO"]
ROUNDS, REPETITIONS = int(os.environ.get("ROUNDS", 6)), int(os.environ.get("REPETITIONS", 4))


def measure(model):
    """Median milliseconds of classify and of each peer."""
    engines = {name: Peer(name, model, 1, 1) for name in PEERS}
    with killed_at_end(engines):
        for peer in engines.values():
            peer.ready()
        engines["classify"] = Classify(model, 1, 1)
        engines["classify"].ready()
        reference = engines["onnxruntime"].answers
        if not agree(engines["OpenVINO"].answers, reference) or not agree_first(engines["classify"].answers, reference):
            raise RuntimeError(f"{model}: answers differ from onnxruntime's")
        interleave(engines, ROUNDS, REPETITIONS)
        return {name: engine.result()[0] for name, engine in engines.items()}


def main():
    folder, names = pathlib.Path(sys.argv[1]), sys.argv[2:] or CONVOLUTIONAL + ATTENTION
    ratios = {}
    print("| network | classify | onnxruntime | OpenVINO | to the better |\n|---|---|---|---|---|", flush=True)
    for name in names:
        times = measure(folder / f"{name}-torchscript-fixed.onnx")
        ratios[name] = times["classify"] / min(times[peer] for peer in PEERS)
        cells = " | ".join(f"{times[engine]:.2f}" for engine in ["classify", *PEERS])
        print(f"| {name} | {cells} | {ratios[name]:.2f} |", flush=True)
    convolutional = [ratio for name, ratio in ratios.items() if name not in ATTENTION]
    if convolutional:
        print(f"\nGeometric mean of {len(convolutional)} convolutional networks: {np.exp(np.mean(np.log(convolutional))):.3f}")


if __name__ == "__main__":
    main()
