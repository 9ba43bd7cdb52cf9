"""Orientation compared with Pillow: EXIF and XMP in every combination of what writers get wrong, pixel for pixel."""

import io
import itertools
import random
import struct
import tarfile
import warnings

import numpy
import pytest
from PIL import Image, ImageOps

from support.tools import run, tool

# name: struct's letter, values of one number
TYPES = {
    0: "B", 1: "B", 2: "c", 3: "H", 4: "L", 5: "LL", 6: "b", 7: "B", 8: "h", 9: "l", 10: "ll", 11: "f", 12: "d", 13: "L",
    14: "H", 15: "H", 16: "Q", 17: "Q", 200: "H"}
MAGICS = [b"\0\x2a", b"\x2a\0", b"\0\x2b", b"\x2b\0", b"\0\0", b"XY"]
PLACES = ["natural", "offset-beyond", "offset-to-header", "cut"]
PREFIXES = [1, 2, 3]
DUPLICATES = [None, "same-type", "unknown-type-first", "empty-first", "broken-first", "bytes-first", "huge-first"]
XMPS = [None, 'tiff:Orientation="{}"', "<tiff:Orientation>{}</tiff:Orientation>", "tiff:Orientation='{}'",
        'tiff:Orientation="x" tiff:Orientation="{}"']


def base_image():
    out = io.BytesIO()
    pixels = numpy.arange(35, dtype=numpy.uint8).reshape(5, 7) * 7
    Image.fromarray(pixels).save(out, "JPEG", quality=95)
    return out.getvalue()


BASE = base_image()


def packed(order, kind, value, count):
    letters = TYPES[kind]
    if letters == "c":
        one = str(value).encode()
    elif len(letters) == 2:
        one = struct.pack(order + letters, 2 * value, 2)
    else:
        one = struct.pack(order + letters, value)
    return one * count


def entry(order, kind, count, data, extra, extra_at):
    """One directory entry and what it adds behind the directory."""
    if len(data) > 4:
        return struct.pack(order + "HHLL", 0x0112, kind, count, extra_at + len(extra)), data
    return struct.pack(order + "HHL", 0x0112, kind, count) + data.ljust(4, b"\0"), b""


def tiff(little, magic, kind, count, value, place, duplicate):
    order = "<" if little else ">"
    entries, extra = [], b""
    number = 1 if duplicate is None else 2
    extra_at = 8 + 2 + 12 * number + 4
    first = {
        "same-type": (kind, count, (value + 1) % 10), "unknown-type-first": (200, 1, 3), "empty-first": (3, 0, 3),
        "bytes-first": (1, 1, 3)}.get(duplicate)
    if first:
        made, more = entry(order, first[0], first[1], packed(order, first[0], first[2], first[1]), extra, extra_at)
        entries, extra = [made], extra + more
    elif duplicate == "broken-first":
        entries.append(struct.pack(order + "HHLL", 0x010F, 2, 20, 60000))
    elif duplicate == "huge-first":
        entries.append(struct.pack(order + "HHLL", 0x010F, 4, 0xFFFFFFF, 8))
    made, more = entry(order, kind, count, packed(order, kind, value, count), extra, extra_at)
    entries.append(made)
    extra += more
    if place == "offset-beyond" and more:
        entries[-1] = made[:8] + struct.pack(order + "L", 0xFFFFFF)
    if place == "offset-to-header" and more:
        entries[-1] = made[:8] + struct.pack(order + "L", 0)
    magic = magic if not little else magic[::-1]
    whole = (b"II" if little else b"MM") + magic + struct.pack(order + "LH", 8, number) + b"".join(entries) + bytes(4) + extra
    return whole[:-1 - len(extra) - 4 - 6] if place == "cut" else whole


def jpeg(case):
    little, magic, kind, count, value, place, prefix, duplicate, xmp = case
    body = b"Exif\0\0" * prefix + tiff(little, magic, kind, count, value, place, duplicate)
    made = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    if xmp:
        packet = b"http://ns.adobe.com/xap/1.0/\0" + xmp.format(8).encode()
        made += b"\xff\xe1" + struct.pack(">H", len(packet) + 2) + packet
    return BASE[:2] + made + BASE[2:]


def pillows(data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = Image.open(io.BytesIO(data))
        return numpy.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def ours(images):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for index, data in enumerate(images):
            info = tarfile.TarInfo(str(index))
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    done = run([tool("imgdecode"), "--no-resize", "--threads", 2], stdin=archive.getvalue())
    assert done.returncode == 0 and done.stderr == b""
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        return [numpy.load(io.BytesIO(tar.extractfile(member).read())) for member in tar]


def assert_equal(cases):
    images = [jpeg(case) for case in cases]
    found = ours(images)
    different, turned = [], 0
    for case, data, array in zip(cases, images, found):
        expected = pillows(data)
        turned += expected.shape != (5, 7, 3)
        if not numpy.array_equal(array, expected):
            different.append(case)
    assert different == []
    # Enough of them turn the image on its side for the comparison to mean something.
    assert turned > len(cases) // 20
    return turned


@pytest.mark.parametrize("little", [True, False])
def test_every_type_magic_count_and_value(little):
    cases = list(itertools.product([little], MAGICS[:4], TYPES, [0, 1, 2], range(10), ["natural"], [1], [None], [None]))
    assert_equal(cases)


def test_random_combinations():
    everything = [[True, False], MAGICS, TYPES, [0, 1, 2, 3], range(10), PLACES, PREFIXES, DUPLICATES, XMPS]
    dice = random.Random(13)
    # Half of them with what a good file has, so that one fault at a time is common too.
    usual = [[True, False], [b"\0\x2a"], [3, 4, 8], [1, 2], range(1, 9), ["natural"], [1], [None], XMPS]
    cases = []
    for _ in range(6000):
        faulty = set(dice.sample(range(len(everything)), dice.choice([1, 1, 2, len(everything)])))
        cases.append(tuple(
            dice.choice(list(everything[axis] if axis in faulty else usual[axis])) for axis in range(len(everything))))
    assert_equal(cases)


@pytest.mark.parametrize("split", [0, 1, 6, 8, 14, 20])
def test_exif_in_two_segments(split):
    body = tiff(True, b"\0\x2a", 3, 1, 6, "natural", None)
    parts = [b"Exif\0\0" + body[:split], b"Exif\0\0" + body[split:]]
    data = BASE[:2] + b"".join(b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part for part in parts) + BASE[2:]
    assert numpy.array_equal(ours([data])[0], pillows(data))
