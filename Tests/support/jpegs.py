"""JPEGs of every kind, made by script: good ones, odd ones that are still images, and damaged ones."""

import io
import struct

import numpy
from PIL import Image

from support.tools import SHARED

SOI, EOI, SOS, DHT, DQT, DRI, DNL = 0xD8, 0xD9, 0xDA, 0xC4, 0xDB, 0xDD, 0xDC


def photograph(seed=0, size=(75, 53), mode="RGB"):
    """Smooth colours with noise: every coefficient of a block is used."""
    dice = numpy.random.default_rng(seed)
    smooth = Image.fromarray(dice.integers(0, 256, (4, 6, 3), dtype=numpy.uint8)).resize(size, Image.BICUBIC)
    pixels = numpy.asarray(smooth).astype(int) + dice.integers(-20, 21, (size[1], size[0], 3))
    return Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8)).convert(mode)


def encode(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def segments(data):
    """[(marker, start, end)] with the marker's two bytes included; image data belongs to no segment."""
    found, at = [], 2
    while at < len(data) - 1:
        if data[at] != 0xFF or data[at + 1] in (0, 0xFF) or 0xD0 <= data[at + 1] <= 0xD8:
            at += 1
            continue
        marker = data[at + 1]
        if marker == EOI:
            found.append((marker, at, at + 2))
            break
        length = struct.unpack(">H", data[at + 2:at + 4])[0]
        found.append((marker, at, at + 2 + length))
        at += 2 + length
    return found


def find(data, marker, index=0):
    """(start, end) of the index-th segment with this marker."""
    return [(start, end) for kind, start, end in segments(data) if kind == marker][index]


def without(data, *markers):
    """The JPEG without all segments of these kinds."""
    for marker, start, end in reversed(segments(data)):
        if marker in markers:
            data = data[:start] + data[end:]
    return data


def segment(marker, body=b""):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def inserted(data, marker, body=b"", before=DQT):
    """The JPEG with one more segment before the first of another kind."""
    start, _ = find(data, before)
    return data[:start] + segment(marker, body) + data[start:]


def changed(data, marker, offset, value, index=0):
    """The JPEG with one byte of a segment changed; offset 0 is the first byte after the length."""
    start, _ = find(data, marker, index)
    at = start + 4 + offset
    return data[:at] + bytes([value]) + data[at + 1:]


def with_length(data, marker, length, index=0):
    start, _ = find(data, marker, index)
    return data[:start + 2] + struct.pack(">H", length) + data[start + 4:]


def stray(data, count=2):
    """The JPEG with bytes between two segments, which decoders pass over with a warning."""
    start, _ = find(data, SOS)
    return data[:start] + b"\x11" * count + data[start:]


def scan_damaged(data, value=0xAA):
    """The JPEG with the second half of its first scan overwritten; no byte becomes a marker."""
    _, start = find(data, SOS)
    end = next(at for at in range(start, len(data)) if data[at] == 0xFF and data[at + 1] not in (0, *range(0xD0, 0xD8)))
    middle = (start + end) // 2
    return data[:middle] + bytes([value]) * (end - middle) + data[end:]


def scans_kept(data, count):
    """A progressive JPEG cut after so many scans, with an end of image."""
    starts = [start for marker, start, _ in segments(data) if marker == SOS]
    return data[:starts[count]] + b"\xff\xd9" if count < len(starts) else data


def bases():
    """Sound JPEGs of the kinds that cameras, phones, browsers and archives hold."""
    rgb, gray, cmyk = photograph(1), photograph(2, mode="L"), photograph(3, (40, 30), "CMYK")
    made = {
        "420": encode(rgb), "422": encode(rgb, subsampling="4:2:2"), "444": encode(rgb, subsampling="4:4:4", quality=95),
        "optimized": encode(photograph(4), optimize=True), "progressive": encode(photograph(5), progressive=True),
        "progressive-444": encode(photograph(6), progressive=True, subsampling="4:4:4"),
        "gray": encode(gray), "gray-progressive": encode(gray, progressive=True), "cmyk": encode(cmyk),
        "cmyk-progressive": encode(cmyk, progressive=True), "restarts": encode(rgb, restart_marker_blocks=3),
        "restart-rows": encode(photograph(7), restart_marker_rows=1), "rgb": encode(rgb, keep_rgb=True),
        "16-bit-tables": encode(rgb, qtables=[[300] * 64, [400] * 64]), "comment": encode(rgb, comment=b"x" * 3000),
        "1x1": encode(photograph(8, (1, 1))), "1x300": encode(photograph(9, (1, 300))),
        "300x1": encode(photograph(10, (300, 1))), "large": encode(photograph(11, (400, 300))),
        "low-quality": encode(photograph(12), quality=5), "icc": encode(rgb, icc_profile=b"\0" * 70000),
    }
    exif = Image.Exif()
    exif[0x0112] = 6
    made["turned"] = encode(rgb, exif=exif)
    return made


def odd(base):
    """Unusual files that decoders accept, made from a baseline JPEG."""
    return {
        "no-dht": without(base, DHT), "stray-bytes": stray(base), "fill-bytes": base[:2] + b"\xff" * 40 + base[2:],
        "unknown-jfif": changed(base, 0xE0, 5, 9), "trailing-bytes": base + b"trailing",
        "zero-padded": base[:-2] + bytes(500), "unknown-app": inserted(base, 0xEB, b"anything"),
        "empty-comment": inserted(base, 0xFE), "two-jpegs": base + base,
        "adobe-transform-9": inserted(base, 0xEE, b"Adobe\0\x64\0\0\0\0\x09"),
        "broken-exif": inserted(base, 0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff"),
        "sos-spectral": changed(base, SOS, 8, 62), "many-dqt": inserted(base, DQT, bytes([3]) + b"\x01" * 64),
    }


def damaged(base):
    """One wrong field each, in every kind of segment, made from a baseline JPEG."""
    made = {
        "no-dqt": without(base, DQT), "no-sof": without(base, 0xC0), "no-sos": without(base, SOS),
        "no-tables": without(base, DQT, DHT), "only-tables": without(base, 0xC0, SOS)[:find(base, SOS)[0]] + b"\xff\xd9",
        "dht-index": changed(base, DHT, 0, 0x67), "dht-class": changed(base, DHT, 0, 0x20),
        "dht-counts": changed(base, DHT, 1, 0xFF), "dht-oversubscribed": changed(base, DHT, 1, 3),
        "dht-symbol": changed(base, DHT, 17 + 11, 0x7F), "dht-short": with_length(base, DHT, 10),
        "dht-long": with_length(base, DHT, 60000), "dqt-index": changed(base, DQT, 0, 0x0F),
        "dqt-precision": changed(base, DQT, 0, 0x10), "dqt-zero": changed(base, DQT, 1, 0),
        "dqt-short": with_length(base, DQT, 10), "dqt-long": with_length(base, DQT, 60000),
        "sof-precision": changed(base, 0xC0, 0, 7), "sof-12-bit": changed(base, 0xC0, 0, 12),
        "sof-height-0": changed(changed(base, 0xC0, 1, 0), 0xC0, 2, 0), "sof-taller": changed(base, 0xC0, 1, 2),
        "sof-shorter": changed(base, 0xC0, 2, 9), "sof-components-2": changed(base, 0xC0, 5, 2),
        "sof-components-200": changed(base, 0xC0, 5, 200), "sof-sampling-0": changed(base, 0xC0, 7, 0),
        "sof-sampling-15": changed(base, 0xC0, 7, 0xF1), "sof-sampling-3": changed(base, 0xC0, 7, 0x32),
        "sof-ids": changed(base, 0xC0, 9, 1), "sof-table": changed(base, 0xC0, 8, 3),
        "sof-table-9": changed(base, 0xC0, 8, 9), "sof-short": with_length(base, 0xC0, 9),
        "two-sofs": base[:find(base, DHT)[0]] + base[slice(*find(base, 0xC0))] + base[find(base, DHT)[0]:],
        "sos-selector": changed(base, SOS, 1, 77), "sos-twice": changed(base, SOS, 3, 1), "sos-tables": changed(base, SOS, 2, 0x33),
        "sos-tables-9": changed(base, SOS, 2, 0x99), "sos-components": changed(base, SOS, 0, 9),
        "sos-no-components": changed(base, SOS, 0, 0), "sos-short": with_length(base, SOS, 3),
        "dri-short": inserted(base, DRI, b"\0"), "dri-long": inserted(base, DRI, b"\0\1\0\0"),
        "dri-unused": inserted(base, DRI, b"\0\5"), "dri-1": inserted(base, DRI, b"\0\1"),
        "app0-short": inserted(base, 0xE0, b"JF"), "app-length-0": with_length(base, 0xE0, 0),
        "app-length-1": with_length(base, 0xE0, 1), "app-long": with_length(base, 0xE0, 65535),
        "adobe-short": inserted(base, 0xEE, b"Adobe"), "scan-damaged": scan_damaged(base),
        "scan-damaged-masked": stray(scan_damaged(base)), "scan-zeros": scan_damaged(base, 0),
        "marker-in-scan": scan_damaged(base)[:-60] + b"\xff\xc4" + scan_damaged(base)[-60:],
    }
    for marker in [0x02, 0x97, 0xBF, 0xC8, 0xDC, 0xDE, 0xDF, 0xF0, 0xF7, 0xFD]:
        made[f"marker-{marker:02x}"] = inserted(base, marker, b"\0\0")
    for marker in [0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7]:
        start, _ = find(base, 0xC0)
        made[f"sof-{marker:02x}"] = base[:start + 1] + bytes([marker]) + base[start + 2:]
    _, scan = find(base, SOS)
    for eighth in range(1, 8):
        made[f"cut-{eighth}"] = base[:scan + (len(base) - scan) * eighth // 8]
    for part in [3, 20, 100, 200, scan - 3, scan, len(base) - 3, len(base) - 2, len(base) - 1]:
        made[f"cut-at-{part}"] = base[:part]
    made["half-zeros"] = made["cut-4"] + bytes(len(base) - len(made["cut-4"]))
    return made


def progressives(base):
    """What can be wrong with a progressive JPEG's scans."""
    scans = [start for marker, start, _ in segments(base) if marker == SOS]
    made = {f"{count}-scans": scans_kept(base, count) for count in range(1, len(scans))}
    made |= {
        "no-eoi": base[:-2], "zero-padded": base[:-2] + bytes(700), "cut-in-dht": base[:scans[2] - 9],
        "repeated": base[:-2] + base[scans[-1]:], "scan-damaged": scan_damaged(base), "no-dht": without(base, DHT),
        "bits": changed(base, SOS, 9, 0x77, index=1), "spectral": changed(base, SOS, 3, 70, index=1),
        "dht-index": changed(base, DHT, 0, 0x55, index=2), "scan-order": base[:scans[0]] + base[scans[1]:],
        "dqt-late": base[:scans[1]] + segment(DQT, bytes([0]) + b"\x40" * 64) + base[scans[1]:],
    }
    return made


def corpus():
    """At least 150 files, by name: every kind above, and the projects' shared cases where they are present."""
    made = bases()
    for parent, change in [("420", odd), ("gray", odd), ("420", damaged), ("restarts", damaged), ("progressive", progressives)]:
        made |= {f"{parent}-{change.__name__}-{name}": data for name, data in change(bases()[parent]).items()}
    made |= {"empty": b"", "text": b"hello\n", "png": b"\x89PNG\r\n\x1a\n" + bytes(40), "soi": b"\xff\xd8"}
    if SHARED is not None:
        for file in [*sorted((SHARED / "jpeg").iterdir()), *sorted((SHARED / "cases" / "imgdecode").glob("*.jpg"))]:
            if file.stat().st_size < 600_000:
                made[f"{file.parent.name}/{file.name}"] = file.read_bytes()
    return made
