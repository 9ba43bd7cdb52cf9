"""One architecture with calibrated random weights, exported to ONNX."""

import copy
import pathlib

import numpy as np
import torch
from torch import library

from pictures import pictures

# torchvision's wheels for CUDA cannot load their compiled operators with torch's CPU build; classifiers need none of them,
# but importing torchvision needs two to be declared.
DECLARATIONS = library.Library("torchvision", "FRAGMENT")
ARCHITECTURES = pathlib.Path(__file__).parent / "architectures.txt"


def declare_operators():
    for name in ("nms", "qnms"):
        try:
            DECLARATIONS.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        except RuntimeError:
            pass


def architectures():
    lines = [line.split() for line in ARCHITECTURES.read_text().splitlines()]
    return {words[1]: words[0] for words in lines if words and words[0] != "#"}


def create(name):
    """The network in inference mode and its input's shape for one image."""
    declare_operators()
    torch.manual_seed(1)
    if architectures()[name] == "torchvision":
        import torchvision

        options = {"init_weights": True} if name in ("inception_v3", "googlenet") else {}
        size = 299 if name == "inception_v3" else 224
        return torchvision.models.get_model(name, weights=None, **options).eval(), (3, size, size)
    import timm

    network = timm.create_model(name, pretrained=False, exportable=True).eval()
    return network, tuple(network.default_cfg["input_size"])


def calibrate(network, shape):
    """Statistics of BatchNorm from a forward pass, scales that initialization left at zero, and logits that differ: without it
    every output of a random network is the same to ten digits and any comparison passes."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.ndim <= 1 and parameter.numel() > 0 and float(parameter.abs().max()) < 1e-3:
                parameter.copy_(0.2 * torch.randn(parameter.shape, generator=generator) + (0.5 if "bias" not in name else 0))
            elif parameter.ndim > 1 and float(parameter.std()) < 1e-3:
                parameter.copy_(0.02 * torch.randn(parameter.shape, generator=generator))
        norms = [m for m in network.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
        x = torch.from_numpy(pictures(8, shape, seed=2))
        if norms:
            for norm in norms:
                norm.train()
                norm.momentum = 1.0
            network(x)
            for norm in norms:
                norm.eval()
        deviation = float(network(x).std())
        last = [m for m in network.modules() if isinstance(m, (torch.nn.Linear, torch.nn.Conv2d))][-1]
        if 0 < deviation < 0.5:
            last.weight.mul_(0.5 / deviation)
        deviation = float(network(x).std())
    assert np.isfinite(deviation) and deviation >= 0.1, f"logits deviate by {deviation}"
    return network


def export(network, shape, path, exporter, batch):
    """`exporter`: torchscript or dynamo. `batch`: fixed (one image) or dynamic."""
    dynamic = batch == "dynamic"
    x = torch.randn(2 if dynamic else 1, *shape, generator=torch.Generator().manual_seed(3))
    network = copy.deepcopy(network)
    if exporter == "torchscript":
        axes = {"input": {0: "batch"}, "output": {0: "batch"}} if dynamic else None
        torch.onnx.export(
            network, (x,), str(path), dynamo=False, opset_version=17, input_names=["input"], output_names=["output"],
            dynamic_axes=axes)
    else:
        shapes = ({0: torch.export.Dim("batch")},) if dynamic else None
        torch.onnx.export(
            network, (x,), str(path), dynamo=True, input_names=["input"], output_names=["output"], dynamic_shapes=shapes,
            external_data=True)


def reference(network, x):
    """The outputs in float64: what both engines round."""
    with torch.no_grad():
        return copy.deepcopy(network).double()(torch.from_numpy(x).double()).numpy()
