"""--gray compared with Pillow: converted to one channel before the resize, for files of every colour space."""

import io

import numpy
import pytest
from PIL import Image

from support.jpegs import bases, encode, photograph
from support.pillow import FILTERS, centre_crop, shorter_side
from support.tools import run, tool


def ours(data, *flags):
    done = run([tool("imgdecode"), "--gray", *flags], stdin=data)
    assert (done.returncode, done.stderr) == (0, b"")
    return numpy.load(io.BytesIO(done.stdout))


def pillows(data):
    image = Image.open(io.BytesIO(data))
    return (image.convert("RGB") if image.mode == "CMYK" else image).convert("L")


@pytest.mark.parametrize("name", [name for name in bases() if name != "turned"])
def test_pixels(name):
    data = bases()[name]
    whole = ours(data, "--no-resize")
    # Pillow's CMYK has roundings of its own.
    allowed = 1 if "cmyk" in name else 0
    expected = pillows(data)
    assert whole.dtype == numpy.uint8 and whole.shape == (*expected.size[::-1], 1)
    assert numpy.abs(whole[:, :, 0].astype(int) - numpy.asarray(expected)).max() <= allowed
    resized = expected.resize(shorter_side(*expected.size, 40), Image.BICUBIC)
    found = ours(data, "--resize", "40", "--crop", "33", "--filter", "bicubic")
    assert numpy.abs(found[:, :, 0].astype(int) - numpy.asarray(centre_crop(resized, 33))).max() <= 2 * allowed


@pytest.mark.parametrize("filter", FILTERS)
def test_filters_and_layouts(filter):
    data = encode(photograph(7, (300, 200)))
    image = pillows(data)
    expected = numpy.asarray(image.resize(shorter_side(*image.size, 96), FILTERS[filter]))
    flags = ["--resize", "96", "--no-crop", "--filter", filter]
    assert (ours(data, *flags)[:, :, 0] == expected).all()
    assert (ours(data, *flags, "--layout", "chw")[0] == expected).all()
    floats = ours(data, *flags, "--dtype", "float32", "--mean", "0.5", "--std", "0.25")
    numpy.testing.assert_array_max_ulp(
        floats[:, :, 0], ((expected.astype(float) / 255 - 0.5) / 0.25).astype(numpy.float32), 1)


def test_black_around_a_small_image():
    found = ours(encode(photograph(8, (20, 10))), "--no-resize", "--crop", "40")
    assert found.shape == (40, 40, 1) and found[0].max() == 0 and found.max() > 0


def test_three_numbers_do_not_fit_one_channel():
    done = run([tool("imgdecode"), "--gray", "--dtype", "float32", "--mean", "1,2,3"])
    assert (done.returncode, done.stdout) == (64, b"")
