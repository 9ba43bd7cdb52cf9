"""Images that tests make for themselves."""

import io

import numpy
from PIL import Image


def jpeg(seed=0, size=(48, 32), quality=90):
    """A small photograph-like JPEG: smooth random colours."""
    pixels = numpy.random.default_rng(seed).integers(0, 256, (4, 6, 3), dtype=numpy.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).resize(size).save(out, "JPEG", quality=quality)
    return out.getvalue()
