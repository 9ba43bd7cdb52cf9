"""The real Dockerfile, built by buildah in chroot isolation on bases that debootstrap makes; each role run in the image.

The tools are taken from .build/release; with IMAGE_FULL=1 they are compiled inside, by this machine's toolchain.
"""

import base64
import http.server
import json
import os
import pathlib
import platform
import subprocess
import sys
import threading

import pytest

from support.containers import DEBIAN, FOLDER, FULL, SWIFT, base, buildah, done, needs_buildah
from support.tools import BIN, MODEL, ROOT

sys.path.insert(0, str(ROOT / "deploy" / "cloud"))

from processes import Processes, free_port, wait_for_port  # noqa: E402

IMAGE = "localhost/image-classification-test"

pytestmark = [needs_buildah, pytest.mark.alone]


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    """The folder that the image is built from."""
    base()
    folder = tmp_path_factory.mktemp("context")
    environment = {**os.environ} if FULL else {**os.environ, "TOOLS": str(BIN)}
    subprocess.run([ROOT / "deploy" / "image-context.sh", folder, MODEL], check=True, env=environment)
    return folder


def build(context, machine):
    return buildah(
        "build", "-q", "--isolation", "chroot", "--pull=never", "--format", "docker", "--build-arg",
        f"TOOLCHAIN={SWIFT if FULL else DEBIAN}", "--build-arg", f"MACHINE={machine}", "-t", IMAGE,
        "-f", context / "deploy" / "Dockerfile", context, timeout=3600 if FULL else 600)


@pytest.fixture(scope="module")
def container(context):
    """A container of the image, just built."""
    done(build(context, platform.machine()))
    name = done(buildah("from", "--pull-never", IMAGE)).strip()
    yield name
    buildah("rm", name)
    buildah("rmi", IMAGE)


def inside(container, *words, env=None, **options):
    """Runs a command in the container as its user."""
    flags = [flag for name, value in (env or {}).items() for flag in ("--env", f"{name}={value}")]
    return buildah("run", "--isolation", "chroot", *flags, container, "--", *words, **options)


ENTRYPOINT = "/usr/local/bin/image-entrypoint.sh"


def test_configuration(container):
    config = json.loads(done(buildah("inspect", "--type", "image", IMAGE)))["Docker"]["config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == [ENTRYPOINT] and config["Cmd"] == ["predict"]
    assert done(inside(container, "id", "-u")).strip() == "10001"


def test_size_with_resnet_50_inside(container, tmp_path):
    """As ECR counts it: the compressed layers. The official model is 102,576,593 bytes and does not compress."""
    done(buildah("push", "-q", IMAGE, f"oci:{tmp_path}/oci:test"))
    blobs = tmp_path / "oci" / "blobs" / "sha256"
    index = json.loads((tmp_path / "oci" / "index.json").read_text())
    manifest = json.loads((blobs / index["manifests"][0]["digest"].split(":")[1]).read_text())
    layers = sum(layer["size"] for layer in manifest["layers"])
    print(f"compressed: {layers / 1e6:.1f} MB; with ResNet-50 instead: {(layers - MODEL.stat().st_size + 102576593) / 1e6:.1f} MB")
    assert layers - MODEL.stat().st_size + 102576593 < 250e6


def test_nothing_is_left_of_building(container):
    """No sources, no toolchain, no package lists; and the tools have no symbols."""
    found = done(inside(container, "sh", "-c", "ls -d /build /usr/bin/swift* /usr/bin/ld /var/lib/apt/lists/* 2>/dev/null; "
                        "find / -xdev -name '*.swift' -o -xdev -name '*.swiftmodule' 2>/dev/null; true"))
    assert found.split() == []
    mount = pathlib.Path(done(buildah("mount", container)).strip())
    try:
        for tool in "lib/imgdecode", "bin/classify", "bin/s3sync", "bin/batchsubmit", "bin/lambda-bootstrap":
            sections = subprocess.run(
                ["readelf", "--section-headers", mount / "usr/local" / tool], capture_output=True, text=True, check=True).stdout
            assert ".symtab" not in sections and ".debug" not in sections, tool
        # Lambda runs it as a user of its own choice.
        for path in [mount / "usr/local", *(mount / "usr/local").rglob("*"), *(mount / "opt").rglob("*")]:
            if not path.is_symlink():
                assert path.stat().st_mode & 0o004, path
    finally:
        buildah("umount", container)


@pytest.mark.parametrize("tool", ["imgdecode", "classify", "s3sync", "batchsubmit", "lambda-bootstrap"])
def test_every_tool_starts(container, tool):
    assert done(inside(container, ENTRYPOINT, tool, "--version")).strip()


def test_check_classifies_through_predict_and_batch(container):
    checked = inside(container, ENTRYPOINT, "check")
    assert checked.returncode == 0, checked.stderr
    assert "predict and batch classify a photograph" in checked.stderr


@pytest.mark.parametrize("fault, reason", [
    ("truncate -s 100000 /opt/model/*.onnx", "predict"), ("rm /usr/lib/*/libopenblas*.so*", "predict"),
    ("rm /usr/local/bin/predict-pipeline", "predict"), ("printf '\\177ELF' >/usr/local/bin/classify", "predict"),
    ("rm /usr/local/bin/s3sync", "batch has failed"), ("rm /opt/model/*", "predict")])
def test_check_fails_in_a_broken_image(container, fault, reason):
    broken = done(buildah("from", "--pull-never", IMAGE)).strip()
    try:
        done(buildah("run", "--isolation", "chroot", "--user", "0", broken, "--", "sh", "-c", fault))
        checked = inside(broken, ENTRYPOINT, "check")
        assert checked.returncode == 69 and f"smoke-test: {reason}" in checked.stderr, checked.stderr
    finally:
        buildah("rm", broken)


def test_tools_of_another_machine_build_no_image(context, container):
    if FULL:
        pytest.skip("the tools are compiled for this machine")
    other = "aarch64" if platform.machine() == "x86_64" else "x86_64"
    refused = build(context, other)
    assert refused.returncode != 0 and f"not for {other}" in refused.stderr


def test_certificates_are_there(container):
    assert int(done(inside(container, "sh", "-c", "grep -c BEGIN /etc/ssl/certs/ca-certificates.crt"))) > 100


def photograph():
    """A JPEG made here, so that nothing else is needed."""
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    Image.new("RGB", (320, 240), (90, 140, 200)).save(file, "JPEG")
    return file.getvalue()


def test_a_pipe_in_the_image(container):
    script = f"{ENTRYPOINT} imgdecode | {ENTRYPOINT} classify"
    answer = done(inside(container, "sh", "-c", script, input=photograph(), text=False))
    assert len(json.loads(answer)["predictions"]) == 5


def test_more_than_50_megapixels_are_refused(container):
    """The header is made to say 8000 × 7000."""
    data = bytearray(photograph())
    start = data.index(b"\xff\xc0")
    data[start + 5:start + 9] = (7000).to_bytes(2, "big") + (8000).to_bytes(2, "big")
    refused = inside(container, "imgdecode", input=bytes(data), text=False)
    assert refused.returncode == 65 and b"50000000" in refused.stderr


class OneEvent:
    """A Runtime API with one event: what was posted for it, and under which path."""

    def __init__(self, event):
        self.posted, self.path = None, None
        arrived = self.arrived = threading.Event()
        outer, served = self, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if served:
                    threading.Event().wait(60)
                served.append(True)
                body = json.dumps(event).encode()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", "one")
                self.send_header("Lambda-Runtime-Deadline-Ms", "9999999999999")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                outer.path, outer.posted = self.path, self.rfile.read(int(self.headers.get("content-length") or 0))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()
                arrived.set()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a role that is ended breaks its connection
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def answer_of_role(container, role, event, env=None):
    """Runs a Lambda role in the image until it has answered one event."""
    api = OneEvent(event)
    flags = [flag for name, value in {"AWS_LAMBDA_RUNTIME_API": api.address, **(env or {})}.items()
             for flag in ("--env", f"{name}={value}")]
    with Processes() as processes:
        log = FOLDER / f"{role}.log"
        processes.start(
            ["buildah", "--root", FOLDER / "store", "--runroot", FOLDER / "run", "--storage-driver", "vfs", "run",
             "--isolation", "chroot", *flags, container, "--", ENTRYPOINT, role], log)
        assert api.arrived.wait(60), log.read_text()
    assert api.path.endswith("/one/response"), api.posted
    return json.loads(api.posted)


def test_role_predict(container):
    event = {"version": "2.0", "rawPath": "/predict", "headers": {"content-type": "image/jpeg"}, "isBase64Encoded": True,
             "requestContext": {"http": {"method": "POST", "path": "/predict"}}, "body": base64.b64encode(photograph()).decode()}
    answer = answer_of_role(container, "predict", event)
    assert answer["statusCode"] == 200 and len(json.loads(answer["body"])["predictions"]) == 5


def test_role_predict_has_its_page(container):
    event = {"version": "2.0", "rawPath": "/", "headers": {}, "isBase64Encoded": False,
             "requestContext": {"http": {"method": "GET", "path": "/"}}}
    answer = answer_of_role(container, "predict", event)
    assert answer["statusCode"] == 200 and "<html" in answer["body"]


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    """S3 and nothing else, with a manifest of one photograph."""
    import boto3

    with Processes() as processes:
        port = free_port()
        server = processes.start(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port], tmp_path_factory.mktemp("moto") / "log")
        wait_for_port(port, server)
        env = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "A",
               "AWS_SECRET_ACCESS_KEY": "s"}
        s3 = boto3.client("s3", endpoint_url=env["AWS_ENDPOINT_URL"], region_name="eu-west-1", aws_access_key_id="A",
                          aws_secret_access_key="s")
        s3.create_bucket(Bucket="photos", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_object(Bucket="photos", Key="input/a.jpg", Body=photograph())
        s3.put_object(Bucket="photos", Key="manifests/run/00000.ndjson", Body=b"s3://photos/input/a.jpg\n")
        yield s3, env


def test_role_submit(container, moto):
    settings = {"JOB_QUEUE": "q", "JOB_DEFINITION": "d", "OUTPUT_PREFIX": "s3://photos/output/",
                "MANIFEST_PREFIX": "s3://photos/manifests/"}
    message = {"messageId": "m", "eventSource": "aws:sqs", "body": '{"Service":"Amazon S3","Event":"s3:TestEvent"}'}
    assert answer_of_role(container, "submit", {"Records": [message]}, {**moto[1], **settings}) == {"batchItemFailures": []}


def test_role_batch(container, moto):
    s3, env = moto
    work = {"MANIFEST": "s3://photos/manifests/run", "FIRST": "0", "OUTPUT": "s3://photos/output"}
    ended = inside(container, ENTRYPOINT, "batch", env={**env, **work})
    assert ended.returncode == 0, ended.stderr
    part = s3.get_object(Bucket="photos", Key="output/run/part-00000.ndjson")["Body"].read()
    assert json.loads(part)["image"] == "input/a.jpg" and len(json.loads(part)["predictions"]) == 5
    line = json.loads(ended.stderr.splitlines()[-1])
    assert (line["event"], line["images"], line["failed"], line["status"]) == ("batch-child", 1, {}, 0)


def test_role_submit_takes_what_is_below_input_alone(container, moto):
    """An upload elsewhere, such as of the predictions themselves, is answered as done, and nothing is asked of Batch."""
    settings = {"JOB_QUEUE": "q", "JOB_DEFINITION": "d", "OUTPUT_PREFIX": "s3://photos/output/",
                "MANIFEST_PREFIX": "s3://photos/manifests/"}

    def event(key):
        record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
                  "s3": {"bucket": {"name": "photos"}, "object": {"key": key, "size": 1, "eTag": "e", "sequencer": "1"}}}
        return {"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": json.dumps({"Records": [record]})}]}

    env = {**moto[1], **settings, "AWS_MAX_ATTEMPTS": "1"}
    assert answer_of_role(container, "submit", event("other/a.jpg"), env) == {"batchItemFailures": []}
    # The queue does not exist, so a call that passes the filter fails: the other one was filtered.
    assert answer_of_role(container, "submit", event("input/a.jpg"), env) == {"batchItemFailures": [{"itemIdentifier": "m"}]}


def test_role_objects(container, moto):
    """Two objects of the bucket, one of them no photograph, within one event."""
    s3, env = moto
    s3.put_object(Bucket="photos", Key="input/bad é.jpg", Body=b"no picture")
    listed = inside(container, "s3sync", "--list", "s3://photos/input/", env=env)
    records = [json.loads(line) for line in done(listed).splitlines()]
    assert len(records) == 2
    output = "s3://photos/output/objects.ndjson"
    answer = answer_of_role(container, "objects", {"objects": records, "output": output}, env)
    assert answer == {"output": output, "images": 2}
    lines = s3.get_object(Bucket="photos", Key="output/objects.ndjson")["Body"].read().splitlines()
    assert ["predictions" in json.loads(line) for line in lines] == [True, False]


def test_no_role_is_64(container):
    assert inside(container, ENTRYPOINT).returncode == 64
