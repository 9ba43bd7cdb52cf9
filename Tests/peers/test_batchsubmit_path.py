"""The whole batch path on one machine: real images uploaded by s3sync, submitted to moto's Batch, every child run by the
real entrypoint as a local process, and the parts collected."""

import json
import random
import tarfile

import pytest
from support.batch_account import BUCKET, account
from support.batch_children import Child, children, end_host, kill_stage, reclaim, run_all
from support.tools import MODEL, SHARED, run, tool

pytestmark = pytest.mark.skipif(SHARED is None, reason="../shared is absent")

IMAGES = 1000
RESIZE = ("IMGDECODE_OPTIONS", "--resize 224")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A part of CIFAR-10's test images as a folder, evenly from all classes."""
    folder = tmp_path_factory.mktemp("photos")
    with tarfile.open(SHARED / "data" / "cifar10-test.tar") as archive:
        members = sorted((m for m in archive.getmembers() if m.isfile()), key=lambda m: m.name)
        archive.extractall(folder, members[:: len(members) // IMAGES], filter="data")
    names = sorted((str(path.relative_to(folder)) for path in folder.rglob("*.jpg")), key=str.encode)
    assert len(names) == IMAGES
    return folder, names


@pytest.fixture(scope="module")
def aws(photos):
    with account() as it:
        result = run([tool("s3sync"), "--quiet", photos[0], f"s3://{BUCKET}/input/"], env=it.environment, timeout=120)
        assert result.returncode == 0, result.stderr
        yield it


@pytest.fixture(scope="module")
def expected(photos):
    """The same images classified by one pipeline without S3."""
    folder, names = photos
    tensors = run([tool("imgdecode"), "--resize", "224", "--files-from", "-"], stdin="\n".join(names).encode(), cwd=folder)
    result = run([tool("classify"), "--model", MODEL], stdin=tensors.stdout, timeout=120)
    assert result.returncode == 0
    return {"input/" + (it := json.loads(line))["image"]: it["predictions"] for line in result.stdout.splitlines()}


def submit(aws, prefix, *flags):
    listing = run([tool("s3sync"), "--list", f"s3://{BUCKET}/{prefix}"], env=aws.environment)
    assert listing.returncode == 0, listing.stderr
    result = run([tool("batchsubmit"), *flags], stdin=listing.stdout, env=aws.environment)
    assert result.returncode == 0, result.stderr
    submitted = [json.loads(line) for line in result.stdout.splitlines()]
    return submitted, aws.jobs([line["jobId"] for line in submitted])


def parts(aws, record):
    return sorted(key for key in aws.keys(record["output"].split("/", 3)[3]) if "/part-" in key)


def predictions(aws, record):
    return [json.loads(line) for key in parts(aws, record) for line in aws.text(key).splitlines()]


def accuracy(lines):
    right = sum(line["predictions"][0]["label"] == line["image"].split("/")[-2] for line in lines if "error" not in line)
    return right / len(lines)


def test_every_image_arrives_once_and_as_in_one_process(aws, photos, expected):
    submitted, (job,) = submit(aws, "input/", "--images-per-child", "150")
    assert submitted[0]["arraySize"] == 7 and submitted[0]["images"] == IMAGES
    all = children(aws, job, [RESIZE])
    assert run_all(all) == [0] * 7, b"".join(child.log for child in all).decode()
    assert len(parts(aws, submitted[0])) == 7
    lines = predictions(aws, submitted[0])
    assert [line["image"] for line in lines] == ["input/" + name for name in photos[1]]
    assert {line["image"]: line["predictions"] for line in lines} == expected
    assert accuracy(lines) > 0.8
    assert b"143 images, 0 errors" in all[0].log and b"images/s" in all[0].log


def test_corrupted_images_arrive_as_errors(aws, photos):
    folder, names = photos
    chosen = random.Random(6).sample(names, 400)
    corrupted = set(chosen[:4])
    for name in chosen:
        body = (folder / name).read_bytes()
        aws.s3.put_object(Bucket=BUCKET, Key="worse/" + name, Body=body[: len(body) // 2] if name in corrupted else body)
    submitted, (job,) = submit(aws, "worse/", "--images-per-child", "100")
    # One that was listed is gone by the time its child reads it, another has changed.
    gone, changed = ["worse/" + name for name in chosen[4:6]]
    aws.s3.delete_object(Bucket=BUCKET, Key=gone)
    aws.s3.put_object(Bucket=BUCKET, Key=changed, Body=(folder / chosen[7]).read_bytes())
    all = children(aws, job, [RESIZE])
    assert run_all(all) == [0] * 4
    lines = predictions(aws, submitted[0])
    assert sorted(line["image"] for line in lines) == sorted("worse/" + name for name in chosen)
    errors = {line["image"]: line["error"]["tool"] for line in lines if "error" in line}
    assert errors == {**{"worse/" + name: "imgdecode" for name in corrupted}, gone: "s3sync", changed: "s3sync"}
    assert sum(int(child.log.split(b" errors")[0].split()[-1]) for child in all) == 6


def test_children_killed_at_random_are_retried_to_the_same_result(aws, photos, expected):
    submitted, (job,) = submit(aws, "input/", "--images-per-child", "125", "--job-name", "killed", "--resubmit")
    for key in parts(aws, submitted[0]):
        aws.s3.delete_object(Bucket=BUCKET, Key=key)
    chance = random.Random(7)

    def interfere(process, attempt):
        if attempt >= 3:
            return None
        return chance.choice([end_host, reclaim])(process, chance.uniform(0, 1.5))

    all = children(aws, job, [RESIZE])
    assert run_all(all, interfere) == [0] * 8
    assert sum(len(child.attempts) for child in all) > 8
    for status, reason in [attempt for child in all for attempt in child.attempts if attempt[0] != 0]:
        assert (status, reason[:4]) in [(-9, "Host"), (143, "Your"), (-15, "Your")]
    lines = predictions(aws, submitted[0])
    assert {line["image"]: line["predictions"] for line in lines} == expected and len(lines) == IMAGES


@pytest.mark.parametrize("stage", ["s3sync", "imgdecode", "classify"])
def test_a_stage_that_died_publishes_nothing(aws, stage):
    submitted, (job,) = submit(aws, "input/", "--job-name", stage, "--images-per-child", str(IMAGES), "--resubmit")
    for key in parts(aws, submitted[0]):
        aws.s3.delete_object(Bucket=BUCKET, Key=key)
    chance = random.Random(stage)
    for _ in range(3):
        child = Child(aws, job, extra=[RESIZE])
        status = child.run(lambda process, _: kill_stage(process, chance.uniform(0, 0.5), stage), attempts=1)
        assert status == 137, child.log
        assert parts(aws, submitted[0]) == []


def test_a_bucket_that_is_not_there_and_a_throttled_one(aws):
    submitted, (job,) = submit(aws, "input/test/cat/", "--job-name", "broken")
    child = Child(aws, job, extra=[RESIZE])
    child.environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    child.environment["AWS_MAX_ATTEMPTS"] = "2"
    assert child.run(attempts=1) == 75
    child = Child(aws, job, extra=[RESIZE, ("MANIFEST", "s3://nowhere/manifests/0")])
    child.environment["MANIFEST"] = "s3://nowhere/manifests/0"
    assert child.run(attempts=1) == 69
    assert parts(aws, submitted[0]) == []


def test_merge_joins_all_parts_in_order(aws, photos):
    submitted, (job, merge) = submit(aws, "input/test/", "--images-per-child", "250", "--merge", "--job-name", "merge")
    joined = submitted[1]["output"].split("/", 3)[3]
    assert run_all(children(aws, job, [RESIZE])) == [0] * 4
    # A part that is missing ends the job, and no object of half the parts is made.
    lost = parts(aws, submitted[0])[2]
    body = aws.text(lost)
    aws.s3.delete_object(Bucket=BUCKET, Key=lost)
    assert run_all(children(aws, merge)) == [69] and aws.keys(joined) == []
    aws.s3.put_object(Bucket=BUCKET, Key=lost, Body=body.encode())
    assert run_all(children(aws, merge)) == [0]
    assert aws.text(joined) == "".join(aws.text(key) for key in parts(aws, submitted[0]))
    assert [json.loads(line)["image"] for line in aws.text(joined).splitlines()] == ["input/" + n for n in photos[1]]


@pytest.mark.parametrize("name, output", [
    ("cat.jpg", "output/cat.csv"), ("input/dir.1/a b+é.JPG", "output/dir.1/a b+é.csv"), ("-rf", "output/-rf.csv"),
    ("input/=cmd.jpg", "output/=cmd.csv")])
def test_one_image_as_the_reference_sample_names_it(aws, name, output):
    key = "input/" + name.removeprefix("input/")
    aws.s3.upload_file(str(SHARED / "photos" / "cat.jpg"), BUCKET, key)
    child = single(aws, name)
    assert child.run() == 0, child.log
    rows = aws.text(output).splitlines()
    assert rows[0] == "InputFile,Probability,Label" and len(rows) == 6
    assert rows[1].endswith(",cat") and rows[1].lstrip("'\"").startswith(name.rsplit("/", 1)[-1])


@pytest.mark.parametrize("name, status", [
    ("input/", 64), ("folder/", 64), ("..", 64), ("input/..", 64), ("a\nb.jpg", 64), ("input/nowhere.jpg", 69),
    ("x" * 1100, 64)])
def test_one_image_that_cannot_be(aws, name, status):
    assert single(aws, name).run() == status


def test_one_bad_image_fails_the_job_for_good(aws):
    aws.s3.put_object(Bucket=BUCKET, Key="input/bad.jpg", Body=b"\x89PNG\r\n\x1a\n")
    child = single(aws, "input/bad.jpg")
    assert child.run() == 65 and len(child.attempts) == 1
    assert aws.keys("output/bad") == []


def single(aws, name):
    return Child(aws, {"container": {"environment": [
        {"name": "INPUT_BUCKET", "value": BUCKET}, {"name": "FILE_NAME", "value": name},
        {"name": "REGION", "value": "us-east-1"}]}})
