"""Input that is not a decodable JPEG is named in the error; unusual archives are read."""

import gzip
import io
import json
import os
import struct
import subprocess
import tarfile

import pytest
from PIL import Image
from support.images import jpeg
from support.jpegs import DNL, SOI, changed, encode, find, inserted, photograph, progressives, scans_kept, segment
from support.tools import run, tool

IMGDECODE = tool("imgdecode")
BASE = encode(photograph(1))
PROGRESSIVE = encode(photograph(2), progressive=True)


def alone(data, *flags):
    """None, or the reason on standard error."""
    done = run([IMGDECODE, *flags], stdin=data)
    if done.returncode == 0:
        assert done.stderr == b""
        return None
    assert done.returncode == 65 and done.stdout == b"" and done.stderr.count(b"\n") == 1
    return done.stderr.decode().removeprefix("imgdecode: standard input: ").rstrip("\n")


def members(archive, *flags, status=0):
    done = run([IMGDECODE, *flags], stdin=archive)
    assert done.returncode == status, done.stderr
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def errors(archive):
    return {
        name.removesuffix(".error.json"): json.loads(body)["error"]
        for name, body in members(archive).items() if name.endswith(".error.json")}


def with_frame(marker):
    start, _ = find(BASE, 0xC0)
    return BASE[:start + 1] + bytes([marker]) + BASE[start + 2:]


def with_dnl():
    data = changed(changed(BASE, 0xC0, 1, 0), 0xC0, 2, 0)
    return data[:-2] + segment(DNL, b"\0\x35") + data[-2:]


@pytest.mark.parametrize("data,name", [
    (with_frame(0xF7), "JPEG-LS"), (with_frame(0xC3), "lossless JPEG"), (with_frame(0xC5), "hierarchical JPEG"),
    (with_frame(0xCB), "lossless arithmetic-coded JPEG"), (inserted(BASE, 0xDE, BASE[162:175]), "hierarchical JPEG"),
    (inserted(BASE, 0xDF, b"\x11"), "hierarchical JPEG"), (with_dnl(), "(DNL)"), (changed(BASE, 0xC0, 0, 12), "12-bit JPEG"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_valid_but_unsupported(data, name):
    for flags in [], ["--lenient"]:
        assert name in alone(data, *flags) and "not supported" in alone(data, *flags)
    assert errors(archive_of({"a": data}))["a"]["code"] == "unsupported"


@pytest.mark.parametrize("width,height", [(65501, 1), (1, 65501), (65535, 2)])
def test_sides_beyond_the_decoders(width, height):
    start, _ = find(BASE, 0xC0)
    data = BASE[:start + 5] + struct.pack(">HH", height, width) + BASE[start + 9:]
    assert "65500 a side" in alone(data)
    assert errors(archive_of({"a": data}))["a"]["code"] == "too-large"


def image_as(format_, mode="RGB", **options):
    out = io.BytesIO()
    photograph(3, (16, 16), mode).save(out, format_, **options)
    return out.getvalue()


def iso_media(major, *compatible):
    body = major + bytes(4) + b"".join(compatible)
    return struct.pack(">I", 8 + len(body)) + b"ftyp" + body + bytes(30)


BINARY = [
    (image_as("PNG"), "PNG"), (image_as("GIF"), "GIF"), (image_as("WEBP"), "WebP"), (image_as("BMP"), "BMP"),
    (image_as("TIFF"), "TIFF"), (image_as("TIFF", big_tiff=True), "BigTIFF"), (image_as("PPM"), "PNM"),
    (image_as("PPM", "L"), "PNM"), (b"P3\n1 1\n255\n1 2 3\n", "PNM"), (b"P7\nWIDTH 1\n", "PNM"), (image_as("PDF"), "PDF"),
    (image_as("JPEG2000"), "JPEG 2000"), (gzip.compress(BASE), "gunzip |"), (iso_media(b"avif", b"mif1"), "AVIF"),
    (iso_media(b"mif1", b"miaf", b"avif"), "AVIF"), (iso_media(b"heic", b"mif1"), "HEIC"), (iso_media(b"heix"), "HEIC"),
    (iso_media(b"mif1", b"heic"), "HEIC"), (iso_media(b"msf1"), "HEIF"), (iso_media(b"isom", b"mp42"), "ISO media"),
    (bytes(2000), "zero bytes"),
]
TEXT = [
    ("<!DOCTYPE html><title>404</title>", "HTML"), ("\n  <HTML>", "HTML"), ("<!-- x --><html>", "HTML"),
    ("<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>", "XML"), ("<Error>NoSuchKey</Error>", "XML"),
    ("<svg xmlns='x'/>", "SVG"), ('{"message": "forbidden"}', "JSON"), ("[1, 2]", "JSON"), ("[]", "JSON"), (" {}", "JSON"),
    ("grüße\n", "text"),
]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("data,name", BINARY, ids=[f"{index}-{name}" for index, (_, name) in enumerate(BINARY)])
def test_other_formats_are_named(data, name):
    found = errors(archive_of({"a.jpg": data}))["a.jpg"]
    assert found["code"] == "not-jpeg" and name in found["message"]
    if not data.startswith(b"\0" * 512):
        assert name in alone(data)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text,name", TEXT)
def test_text_is_named_in_any_encoding(text, name, encoding):
    assert name in alone(text.encode(encoding)), text.encode(encoding)


def test_xml_in_ebcdic():
    assert "XML" in alone("<?xml version='1.0' encoding='cp037'?>".encode("cp037"))


def test_a_tar_as_an_image(tmp_path):
    archive = archive_of({"a.jpg": BASE})
    (tmp_path / "photos.jpg").write_bytes(archive)
    done = run([IMGDECODE, tmp_path / "photos.jpg"])
    assert b"tar archive, not a JPEG" in done.stderr
    assert "tar archive" in errors(archive_of({"a.tar": archive}))["a.tar"]["message"]


@pytest.mark.parametrize("count,empty", [
    (1024, True), (10240, True), (20480, True), (512, False), (1536, False), (2048, False), (4096, False), (10241, False),
    (10752, False), (65536, False), (1, False), (511, False)])
def test_zeros(count, empty):
    for flags in [], ["--strict"], ["--lenient"]:
        done = run([IMGDECODE, *flags], stdin=bytes(count))
        assert (done.returncode, done.stdout) == ((0, bytes(1024)) if empty else (65, b"")), count
    if count >= 512:
        done = run([IMGDECODE], stdin=bytes(count) + b"\1")
        assert (done.returncode, done.stdout) == (65, b"")


def archive_of(bodies, format_=tarfile.USTAR_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format_) as tar:
        for name, body in bodies.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


@pytest.mark.parametrize("format_", ["v7", "oldgnu", "gnu", "ustar", "posix"])
def test_every_format_of_gnu_tar(tmp_path, format_):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.jpg").write_bytes(BASE)
    archive = subprocess.run(
        ["tar", "c", f"--format={format_}", "a"], cwd=tmp_path, capture_output=True, check=True).stdout
    assert members(archive) == {"a/b.jpg.npy": run([IMGDECODE], stdin=BASE).stdout}


def test_links_name_their_target():
    archive = io.BytesIO()
    long = "folder/" * 30 + "original.jpg"
    for format_ in [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w", format=format_) as tar:
            for name, kind, target in [("hard", tarfile.LNKTYPE, "a.jpg"), ("soft", tarfile.SYMTYPE, "b.jpg"),
                                       ("long", tarfile.LNKTYPE, long)]:
                info = tarfile.TarInfo(name)
                info.type, info.linkname = kind, target
                tar.addfile(info)
        found = errors(archive.getvalue())
        assert {error["code"] for error in found.values()} == {"not-a-file"}
        assert "a hard link to a.jpg" in found["hard"]["message"] and "a symbolic link to b.jpg" in found["soft"]["message"]
        assert long in found["long"]["message"]


def test_sidecars_and_apple_double_are_skipped():
    names = ["1.jpg", "1.json", "1.cls", "1.TXT", "1.npy", "1.pyd", "1.xml", "1.csv", "README.md", "._1.jpg", "a/._2.jpg"]
    found = members(archive_of({name: BASE for name in names}, tarfile.PAX_FORMAT))
    assert list(found) == ["1.jpg.npy"]
    assert list(members(archive_of({"1.html": b"<html>", "x.json": b"{}", "y.error.json": b"{}"}))) == [
        "1.html.error.json", "y.error.json.error.json"]


@pytest.mark.parametrize("version", ["0.0", "0.1", "1.0"])
def test_sparse_members_are_refused_under_their_names(tmp_path, version):
    with open(tmp_path / "photo.jpg", "wb") as file:
        file.write(BASE)
        file.truncate(1 << 20)
    archive = subprocess.run(
        ["tar", "c", "--sparse", "--format=posix", f"--sparse-version={version}", "photo.jpg"],
        cwd=tmp_path, capture_output=True, check=True).stdout
    assert "sparse" in errors(archive)["photo.jpg"]["message"]
    archive = subprocess.run(
        ["tar", "c", "--sparse", "--format=gnu", "photo.jpg"], cwd=tmp_path, capture_output=True, check=True).stdout
    assert "sparse" in errors(archive)["photo.jpg"]["message"]


@pytest.mark.parametrize("data", [BASE, PROGRESSIVE], ids=["baseline", "progressive"])
def test_image_data_that_is_complete_without_an_end_marker(data):
    expected = run([IMGDECODE], stdin=data).stdout
    for zeros in [16, 500, 4096]:
        assert run([IMGDECODE], stdin=data[:-2] + bytes(zeros)).stdout == expected
    assert alone(data[:-2]) == "truncated JPEG"
    assert run([IMGDECODE, "--lenient"], stdin=data[:-2]).stdout == expected
    # Zeros in place of image data are not image data.
    for kept in [len(data) * 3 // 4, len(data) - 40]:
        assert alone(data[:kept] + bytes(len(data) - kept)) == "truncated JPEG"
        assert alone(data[:kept] + bytes(5000)) == "truncated JPEG"


def test_progressive_images_need_all_their_scans():
    for count in range(1, 10):
        part = scans_kept(PROGRESSIVE, count)
        assert alone(part) == "truncated JPEG", count
        assert alone(part, "--lenient") is None
    assert alone(progressives(PROGRESSIVE)["cut-in-dht"]) == "truncated JPEG"
    assert alone(progressives(PROGRESSIVE)["cut-in-dht"], "--lenient") is None
