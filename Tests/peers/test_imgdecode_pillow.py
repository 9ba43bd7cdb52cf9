"""The full path compared with Pillow: every 8-bit file of ../shared, every flag that Pillow has a counterpart for."""

import io

import numpy
import pytest
from PIL import Image, ImageFile

from support.pillow import FILTERS, centre_crop, reference, shorter_side
from support.tools import SHARED, run, tool

pytestmark = pytest.mark.skipif(SHARED is None, reason="../shared is absent")

# Files that Pillow 13 decodes and imgdecode by default does not, each with its reason.
EXCEPTIONS = {
    "jpg-size-6x6.jpg": "PNG image, not a JPEG",
    "lossless-8bit.jpg": "lossless JPEG, which is not supported",  # libjpeg-turbo 3 can; Debian 12 has 2.1.5
    "hopper_bad_exif.jpg": "corrupt JPEG: bad Huffman code",  # a destroyed scan; Pillow ignores the decoder's warnings
    "partial_progressive.jpg": "corrupt JPEG: premature end of data segment",  # likewise
}

# What Pillow refuses, and what imgdecode says the file is.
REFUSED = {
    "empty.jpg": "empty input, not a JPEG",
    "invalid-dimensions.jpg": "corrupt JPEG: its header states 3360 × 0 pixels",
    "max_size.jpg": "65535 × 65535 pixels, over the limit of 178956970 (--max-pixels)",
    "missing-sof.jpg": "truncated JPEG",
    "missing-sos.jpg": "corrupt JPEG: no scan (SOS)",
    "monkey12.jpg": "12-bit JPEG, which is not supported",
    "null_height.jpg": "corrupt JPEG: its header states 0 × 800 pixels",
    "truncated_jpeg.jpg": "truncated JPEG",
}

FILES = [] if SHARED is None else sorted([*(SHARED / "jpeg").iterdir(), *(SHARED / "photos").iterdir()])
SOUND = [file for file in FILES if file.name not in EXCEPTIONS and file.name not in REFUSED]


def names(file):
    return file.name


def ours(file, *flags):
    done = run([tool("imgdecode"), *flags], stdin=file.read_bytes())
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    return numpy.load(io.BytesIO(done.stdout))


def assert_close(file, ours, pillow):
    pillow = numpy.asarray(pillow)
    assert ours.shape == pillow.shape
    allowed = 2 if Image.open(file).mode == "CMYK" else 1
    assert numpy.abs(ours.astype(int) - pillow).max() <= allowed


def test_nothing_is_left_out():
    assert len(SOUND) + len(EXCEPTIONS) + len(REFUSED) == len(FILES) and len(SOUND) >= 30


@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("file", SOUND, ids=names)
def test_full_path(file, filter):
    assert_close(file, ours(file, "--filter", filter), reference(file, FILTERS[filter]))


@pytest.mark.parametrize("file", SOUND, ids=names)
def test_whole_image_as_stored(file):
    answer = ours(file, "--no-resize", "--ignore-orientation")
    assert_close(file, answer, reference(file, resize=None, crop=None, transpose=False))


@pytest.mark.parametrize("file", SOUND, ids=names)
def test_both_sides_and_odd_crops(file):
    upright = reference(file, resize=None, crop=None)
    assert_close(file, ours(file, "--size", "223x97"), upright.resize((223, 97), Image.BILINEAR))
    odd = upright.resize(shorter_side(*upright.size, 61), Image.BICUBIC)
    assert_close(file, ours(file, "--resize", "61", "--crop", "101", "--filter", "bicubic"), centre_crop(odd, 101))


@pytest.mark.parametrize("file", FILES, ids=names)
def test_refused_as_what_it_is(file):
    reason = {**EXCEPTIONS, **REFUSED}.get(file.name)
    if reason is None:
        pytest.skip("sound")
    done = run([tool("imgdecode")], stdin=file.read_bytes())
    assert (done.returncode, done.stdout) == (65, b"")
    assert done.stderr.decode() == f"imgdecode: standard input: {reason}\n"
    if file.name in REFUSED:
        with pytest.raises((OSError, Image.DecompressionBombError)):
            reference(file)


def test_lenient_takes_what_pillow_takes(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    for name in ["partial_progressive.jpg", "truncated_jpeg.jpg"]:
        file = SHARED / "jpeg" / name
        assert_close(file, ours(file, "--lenient"), reference(file))


def test_normalised_floats():
    file = SHARED / "photos" / "cat.jpg"
    mean, std = numpy.array([0.485, 0.456, 0.406]), numpy.array([0.229, 0.224, 0.225])
    flags = ["--dtype", "float32", "--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"]
    pixels = ours(file).astype(float)
    expected = ((pixels / 255 - mean) / std).astype(numpy.float32)
    numpy.testing.assert_array_max_ulp(ours(file, *flags), expected, 1)
    numpy.testing.assert_array_max_ulp(ours(file, *flags, "--layout", "chw"), expected.transpose(2, 0, 1), 1)
    assert (ours(file, "--layout", "chw") == ours(file).transpose(2, 0, 1)).all()


@pytest.mark.parametrize("file", [] if SHARED is None else sorted((SHARED / "photos").iterdir()), ids=names)
def test_fast_is_close(file):
    """At least 38 dB: the least that reducing with the DCT first costs on photographs is far above it."""
    error = (ours(file, "--fast").astype(float) - numpy.asarray(reference(file))) ** 2
    assert error.mean() < 255 ** 2 / 10 ** 3.8
