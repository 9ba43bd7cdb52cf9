"""Images that tests make for themselves."""

import io
import tarfile

import numpy
from PIL import Image

from support.tools import SHARED, run, tool


def jpeg(seed=0, size=(48, 32), quality=90):
    """A small photograph-like JPEG: smooth random colours."""
    pixels = numpy.random.default_rng(seed).integers(0, 256, (4, 6, 3), dtype=numpy.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).resize(size).save(out, "JPEG", quality=quality)
    return out.getvalue()


def cifar_tensors(images):
    """So many of the 10,000 shared CIFAR-10 test images, evenly spread, decoded and enlarged to 224: a tar of .npy."""
    stream = io.BytesIO()
    with tarfile.open(SHARED / "data" / "cifar10-test.tar") as source:
        with tarfile.open(fileobj=stream, mode="w") as part:
            for member in [m for m in source.getmembers() if m.isfile()][::10_000 // images]:
                part.addfile(member, source.extractfile(member))
    return run([tool("imgdecode"), "--resize", "224"], stdin=stream.getvalue(), timeout=120).stdout
