"""Writes the seeds of the fuzz test: small files of every format that the tools read. Usage: seeds.py FOLDER"""

import io
import json
import pathlib
import sys
import tarfile

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests"))
from PIL import Image  # noqa: E402
from support.jpegs import DHT, encode, photograph, progressives, without  # noqa: E402


def jpegs():
    small = lambda seed, mode="RGB", **options: encode(photograph(seed, (20, 14), mode), **options)
    exif = Image.Exif()
    exif[0x0112] = 6
    made = [
        small(1), small(2, progressive=True), small(3, "L"), small(4, "CMYK"), small(5, restart_marker_blocks=1),
        small(6, optimize=True), small(7, subsampling="4:4:4", progressive=True), small(8, quality=20, subsampling="4:2:2"),
        small(9, "CMYK", progressive=True), without(small(10), DHT), small(11, exif=exif), small(12, keep_rgb=True),
    ]
    return made + [progressives(made[1])["3-scans"]]


def exifs():
    made = []
    for order in "<>":
        exif = Image.Exif()
        exif.endian = order
        exif[0x0112], exif[0x010F], exif[0x011A] = 6, "maker of cameras", 72.0
        made.append(exif.tobytes()[6:])
    return made + [b"Exif\0\0" + made[0], b'<x tiff:Orientation="6"/>', b"<tiff:Orientation>3</tiff:Orientation>"]


def tars():
    made = []
    for format_ in [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=format_, bufsize=512) as tar:
            for name, body in [("a.jpg", b"x" * 600), ("f/" * 60 + "b.jpg", b""), ("c.json", b"{}"), ("._d", b"1")]:
                if format_ == tarfile.USTAR_FORMAT and len(name) > 100:
                    name = "p/" * 60 + "b.jpg"
                info = tarfile.TarInfo(name)
                info.size = len(body)
                tar.addfile(info, io.BytesIO(body))
            info = tarfile.TarInfo("link")
            info.type, info.linkname = tarfile.LNKTYPE, "a.jpg"
            tar.addfile(info)
        made.append(out.getvalue()[:8192])
    return made


def npys():
    made = []
    for dtype in ["u1", "<f4", "<i8", "<f2"]:
        for shape in [(2, 3, 3), (1, 3, 2, 2), (5,), ()]:
            out = io.BytesIO()
            numpy.save(out, numpy.zeros(shape, dtype))
            made.append(out.getvalue())
    return made


def models():
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    dice = numpy.random.default_rng(1)
    weights = lambda name, *shape: numpy_helper.from_array(dice.normal(size=shape).astype(numpy.float32), name)
    node = helper.make_node
    value = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    nodes = [
        node("Conv", ["x", "w", "b"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]),
        node("BatchNormalization", ["c", "s", "b", "m", "v"], ["n"]), node("Relu", ["n"], ["r"]),
        node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]), node("GlobalAveragePool", ["p"], ["g"]),
        node("Flatten", ["g"], ["f"]), node("Gemm", ["f", "d", "e"], ["l"], transB=1), node("Softmax", ["l"], ["y"]),
    ]
    constants = [weights("w", 4, 3, 3, 3), *(weights(name, 4) for name in "bsm"), weights("d", 5, 4), weights("e", 5),
                 numpy_helper.from_array(numpy.ones(4, numpy.float32), "v")]
    shaped = [
        node("Shape", ["x"], ["a"]), node("Gather", ["a", "zero"], ["n"]), node("Unsqueeze", ["n", "axes"], ["u"]),
        node("Concat", ["u", "rest"], ["s"], axis=0), node("Reshape", ["x", "s"], ["y"])]
    integers = [numpy_helper.from_array(numpy.array(value_, numpy.int64), name)
                for name, value_ in [("zero", 0), ("axes", [0]), ("rest", [-1])]]
    graphs = [
        helper.make_graph(nodes, "g", [value("x", "n", 3, 16, 16)], [value("y", "n", 5)], constants),
        helper.make_graph(shaped, "g", [value("x", "n", 3, 4, 4)], [value("y", "n", 48)], integers)]
    return [
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]).SerializeToString()
        for graph in graphs for opset in [13, 17]]


def replies():
    head = b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 8476a536\r\nLambda-Runtime-Deadline-Ms: 1542409706888\r\n"
    return [
        head + b"Content-Length: 13\r\n\r\n{\"key\":\"val\"}", head + b"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", b"HTTP/1.0 500 No\r\n\r\nbody"]


TEXTS = {
    "json": [
        b'{"version":"2.0","headers":{"a":"b"},"isBase64Encoded":true,"body":"aGVsbG8=","n":[1,-2.5e3,null,false]}',
        b'{"Records":[{"s3":{"bucket":{"name":"b"},"object":{"key":"a+b%2F.jpg","size":12}}}]}', b'"\\u00e4\\ud83d\\ude00\\n"'],
    "record": [
        b'{"image":"a.jpg","error":{"tool":"imgdecode","code":"corrupt","message":"corrupt JPEG: \\u0041"}}\n',
        b'{"image":"a.jpg","imageBytes":"YS5qcGc=","error":{"tool":"x","code":"y","message":""}}'],
    "xml": [
        b'<?xml version="1.0"?><ListBucketResult xmlns="http://s3"><Name>b</Name><Contents><Key>a&amp;b&#x41;</Key><Size>1</Size>'
        b"</Contents><!-- c --><IsTruncated>false</IsTruncated></ListBucketResult>",
        b"\xef\xbb\xbf<Error><Code>NoSuchKey</Code><Message><![CDATA[<x>]]></Message><a/></Error>"],
    "labels": [
        b"n02123045 tabby, tabby cat\nn02123159 tiger cat\n", b"cat\r\ndog\r\n", b'["cat","dog"]', b'{"0":"cat","1":"dog"}',
        b'{"0":["n02123045","tabby"],"1":["n02123159","tiger"]}', b'{"id2label":{"0":"cat","1":"dog"}}', b"0 cat\n1 dog\n"],
    "kind": [b"<!DOCTYPE html>", b'{"a":1}', "<?xml?>".encode("utf-16"), b"\0\0\0\x18ftypmif1\0\0\0\0avifheic", b"P6 1 1 255\n"],
}


if __name__ == "__main__":
    made = {"jpeg": jpegs(), "exif": exifs(), "tar": tars(), "npy": npys(), "onnx": models(), "http": replies(), **TEXTS}
    for name, seeds in made.items():
        folder = pathlib.Path(sys.argv[1]) / name
        folder.mkdir(parents=True, exist_ok=True)
        for index, seed in enumerate(seeds):
            (folder / f"{index:02}").write_bytes(seed)
