"""What a tool says of an item depends on the item and the flags alone: classify, and the pipeline that stays warm.

imgdecode's own test is test_imgdecode_isolation.py.
"""

import json
import os
import pathlib
import random

import numpy
import pytest
from support.images import jpeg
from support.jpegs import corpus
from support.lambda_events import http_api
from support.runtime_api import Bootstrap
from support.streams import npy, tar
from support.tools import MODEL, ROOT, run, tool

PERTURBED = [{}, {"GLIBC_TUNABLES": "glibc.malloc.perturb=85"}, {"GLIBC_TUNABLES": "glibc.malloc.perturb=170"}]


def tensors():
    """Good and bad members of a tensor stream, by name."""
    dice = numpy.random.default_rng(3)
    pixels = lambda height, width: dice.integers(0, 256, (height, width, 3), dtype=numpy.uint8)
    made = {f"good-{index}.npy": npy(pixels(224, 224)) for index in range(6)}
    made |= {"black.npy": npy(numpy.zeros((224, 224, 3), numpy.uint8)), "white.npy": npy(numpy.full((224, 224, 3), 255, numpy.uint8))}
    made |= {f"size-{side}.npy": npy(pixels(side, 2 * side)) for side in (1, 112, 223)}
    floats = dice.normal(size=(3, 224, 224)).astype(numpy.float32)
    made |= {
        "float.npy": npy(floats), "batch.npy": npy(floats[None]), "nan.npy": npy(floats * numpy.nan),
        "infinite.npy": npy(floats * numpy.inf), "double.npy": npy(floats.astype(float)),
        "integers.npy": npy(pixels(224, 224).astype(numpy.int64)), "flat.npy": npy(pixels(224, 224).ravel()),
        "gray.npy": npy(pixels(224, 224)[:, :, :1]), "fortran.npy": npy(numpy.asfortranarray(pixels(224, 224))),
        "cut.npy": npy(pixels(224, 224))[:500], "long.npy": npy(pixels(224, 224)) + b"x", "empty.npy": b"", "text.npy": b"text",
        "text.txt": b"text", "record.error.json": b'{"image":"record","error":{"tool":"s3sync","code":"gone","message":"no"}}\n',
        "forged.error.json": b"{}",
    }
    return made


def lines(names, members, *flags, env=None):
    """One line for each member, without its name."""
    done = run([tool("classify"), "--model", MODEL, *flags], env=env,
               stdin=tar([(name, members[name]) for name in names]), timeout=120)
    assert done.returncode == 0, done.stderr[-500:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(names)
    return [{key: value for key, value in line.items() if key != "image"} for line in found]


def test_classify_every_tensor_after_every_other():
    members = tensors()
    names = list(members)
    alone = {name: lines([name], members)[0] for name in names}
    assert sum("predictions" in line for line in alone.values()) >= 10
    assert sum("error" in line for line in alone.values()) >= 10
    sequence = []
    for index, name in enumerate(names):
        sequence.append(name)
        for other in names[index + 1:]:
            sequence += [name, other]
    orders = [(sequence, ["--threads", "1"], {})]
    dice = random.Random(5)
    for threads in (1, 2, 3, 4):
        for env in PERTURBED:
            flags = ["--threads", threads, "--batch", dice.choice([1, 2, 5, 8])]
            orders.append((dice.sample(names, len(names)), flags, env))
    for order, flags, env in orders:
        for name, line in zip(order, lines(order, members, *flags, env=env)):
            assert line == alone[name], (name, flags, env)


@pytest.mark.parametrize("perturb", [0, 85])
def test_a_warm_pipeline(perturb):
    """Events of good, odd and damaged images, each twice and in random order, to one warm function."""
    environment = {"CLASSIFY_MODEL": str(MODEL), "GLIBC_TUNABLES": f"glibc.malloc.perturb={perturb}",
                   "PATH": f"{pathlib.Path(tool('imgdecode')).parent}:{os.environ['PATH']}"}
    dice = random.Random(perturb)
    every = {name: data for name, data in corpus().items() if 0 < len(data) < 50_000}
    images = {name: every[name] for name in dice.sample(list(every), 60)} | {"photo": jpeg(1, (300, 200))}

    def result(function, data):
        event = function.call(http_api(body=data, headers={"content-type": "image/jpeg"}))
        assert event.kind == "response", event.result
        answer = json.loads(event.result)
        return answer["statusCode"], json.loads(answer["body"])

    def alone(data):
        decoded = run([tool("imgdecode")], stdin=data)
        if decoded.returncode:
            return None
        line = json.loads(run([tool("classify")], stdin=decoded.stdout, env=environment).stdout)
        return {key: value for key, value in line.items() if key != "image"}

    expected = {name: alone(data) for name, data in images.items()}
    assert 10 < sum(line is None for line in expected.values()) < 55
    command = [tool("lambda-bootstrap"), "--http", "--", ROOT / "deploy" / "predict-pipeline"]
    with Bootstrap(command, env=environment) as function:
        for name in dice.sample([*images, *images], 2 * len(images)):
            status, body = result(function, images[name])
            if expected[name] is None:
                assert status >= 400 and "predictions" not in body, name
            else:
                assert (status, body) == (200, expected[name]), name
