"""The Lambda function as it ships: lambda-bootstrap --http, deploy/predict-pipeline, imgdecode, classify, the embedded model."""

import base64
import io
import json
import os
import pathlib
import random
import signal
import subprocess
import time

import pytest
from support.emulator import Emulator
from support.lambda_events import form, function_url, http_api, rest_api
from support.runtime_api import Bootstrap, children, descriptors, resident
from support.tools import MODEL, ROOT, SHARED, tool

Image = pytest.importorskip("PIL.Image")

ENVIRONMENT = {"CLASSIFY_MODEL": str(MODEL), "PATH": f"{pathlib.Path(tool('imgdecode')).parent}:{os.environ['PATH']}"}
PIPELINE = ROOT / "deploy" / "predict-pipeline"
JPEG = {"content-type": "image/jpeg"}


def bootstrap():
    return Bootstrap([tool("lambda-bootstrap"), "--http", "--", PIPELINE], env=ENVIRONMENT)


@pytest.fixture(scope="module")
def function():
    with bootstrap() as function:
        yield function


def picture(number, size=(640, 427)):
    """A JPEG whose answer differs from every other number's."""
    generator = random.Random(number)
    image = Image.effect_noise((16, 11), 60).convert("RGB")
    image.putdata([tuple(generator.randrange(256) for _ in range(3)) for _ in range(16 * 11)])
    file = io.BytesIO()
    image.resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


def alone(image):
    """What the two tools say of an image by themselves."""
    decoded = subprocess.run([tool("imgdecode")], input=image, capture_output=True, check=True)
    line = subprocess.run([tool("classify")], input=decoded.stdout, capture_output=True, check=True,
                          env={**os.environ, **ENVIRONMENT})
    answer = json.loads(line.stdout)
    del answer["image"]
    return answer


def predict(function, body, source=http_api, headers=JPEG):
    event = function.call(source(body=body, headers=headers))
    assert event.kind == "response", event.result
    answer = json.loads(event.result)
    return answer["statusCode"], json.loads(answer["body"])


@pytest.mark.parametrize("source", [http_api, rest_api, function_url])
def test_the_answer_is_the_tools_own(function, source):
    image = picture(1)
    assert predict(function, image, source) == (200, alone(image))
    data, type = form(("image", "a.jpg", "image/jpeg", image))
    assert predict(function, data, source, {"content-type": type}) == (200, alone(image))
    direct = function.call(json.dumps({"image": base64.b64encode(image).decode()}).encode())
    assert json.loads(direct.result) == alone(image)


@pytest.mark.skipif(SHARED is None, reason="../shared is absent")
@pytest.mark.parametrize("name, label", [("cat", "cat"), ("golden-retriever", "dog"), ("hummingbird", "bird")])
def test_photographs(function, name, label):
    status, answer = predict(function, (SHARED / "photos" / f"{name}.jpg").read_bytes())
    assert status == 200 and answer["predictions"][0]["label"] == label and len(answer["predictions"]) == 5


def test_bad_images(function):
    image = picture(2)
    png = io.BytesIO()
    Image.new("RGB", (8, 8)).save(png, "PNG")
    huge = bytearray(image)
    frame = huge.index(b"\xff\xc0")
    huge[frame + 5:frame + 9] = b"\xff\xff\xff\xff"
    for body, status, code in [(image[:5000], 422, "truncated"), (png.getvalue(), 415, "not-jpeg"), (b"x", 415, "not-jpeg"),
                               (bytes(huge), 413, "too-large"), (image[:2], 422, None)]:
        got, answer = predict(function, body)
        assert got == status and (code is None or answer["error"]["code"] == code), answer
    assert predict(function, image) == (200, alone(image))


@pytest.mark.skipif(SHARED is None, reason="../shared is absent")
def test_every_odd_file_is_answered(function):
    for path in sorted((SHARED / "jpeg").iterdir()):
        if path.is_file() and 0 < path.stat().st_size < 4_000_000:
            assert predict(function, path.read_bytes())[0] in (200, 413, 415, 422), path.name
    assert b"pipeline" not in function.stderr


@pytest.mark.parametrize("type", ["image/jpg", "image/pjpeg", "image/*", "binary/octet-stream", "text/plain", None])
def test_content_types_of_clients(function, type):
    image = picture(4)
    assert predict(function, image, headers={} if type is None else {"content-type": type}) == (200, alone(image))


def test_no_image_changes_the_answer_to_another(function):
    """Each image after any other, bad ones included, is answered as alone: the warm pipeline carries nothing over."""
    image = picture(5)
    damaged = bytearray(image)
    damaged[damaged.index(b"\xff\xc4") + 4] = 0x7F  # an impossible Huffman table
    bodies = [image, picture(6), image[:3000], bytes(damaged), b"x", picture(7)]
    first = [predict(function, body) for body in bodies]
    for one in range(len(bodies)):
        for other in range(len(bodies)):
            assert predict(function, bodies[one]) == first[one] and predict(function, bodies[other]) == first[other]


def test_each_stage_killed_at_random():
    """200 events; every one has its own answer or an error, none another's."""
    images = [picture(number) for number in range(10)]
    expected = [alone(image) for image in images]
    assert len({json.dumps(answer) for answer in expected}) == 10
    generator = random.Random(7)
    answered = failed = 0
    with bootstrap() as function:
        predict(function, images[0])
        for number in range(200):
            event = function.api.send(http_api(body=images[number % 10], headers=JPEG), deadline=20)
            if number % 4 == 0:
                group = children(function.process.pid)
                time.sleep(generator.random() * 0.02)
                if group:
                    try:
                        os.kill(generator.choice(group), signal.SIGKILL)
                    except ProcessLookupError:
                        pass
            answer = json.loads(event.wait().result)
            assert event.kind == "response"
            if answer["statusCode"] == 200:
                assert json.loads(answer["body"]) == expected[number % 10]
                answered += 1
            else:
                assert answer["statusCode"] == 503
                failed += 1
        assert len(children(function.process.pid)) == 3 and descriptors(function.process.pid) < 20
    assert answered >= 150 and failed >= 3, (answered, failed)


def test_under_the_emulator(tmp_path):
    image = picture(3)
    command = [tool("lambda-bootstrap"), "--http", "--", PIPELINE]
    with Emulator(tmp_path, command, env=ENVIRONMENT) as emulator:
        event = http_api(body=image, headers=JPEG)
        assert json.loads(json.loads(emulator.invoke(event))["body"]) == alone(image)
        runtime = emulator.runtime
        before = descriptors(runtime), resident(runtime)
        for _ in range(200):
            assert json.loads(emulator.invoke(event))["statusCode"] == 200
        assert descriptors(runtime) == before[0] and resident(runtime) <= before[1] + 2048
        assert resident(runtime) <= 25 << 10


def test_a_missing_model_is_an_init_error(tmp_path):
    command = [tool("lambda-bootstrap"), "--http", "--", PIPELINE]
    with Emulator(tmp_path, command, env={**ENVIRONMENT, "CLASSIFY_MODEL": "/nonexistent.onnx"}) as emulator:
        error = json.loads(emulator.invoke())
        assert error["errorType"] == "Function.Configuration" and "nonexistent.onnx" in error["errorMessage"]
