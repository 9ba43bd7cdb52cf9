"""uninstall.sh with an `aws` that writes down what it is asked."""

import pytest

from support.fake_commands import FakeCommands, answer

ACCOUNT, REGION = "123456789012", "eu-west-1"
BUCKET = f"ml-serverless-bucket-{ACCOUNT}-{REGION}"
OUTPUTS = f"repository\t{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/ml\njobQueue\tarn:queue"


@pytest.fixture
def fake(tmp_path):
    """An account with the stack, its bucket and one image in it."""
    fake = FakeCommands(tmp_path)
    fake.add("aws")
    fake.rule("aws")
    fake.rule("aws sts get-caller-identity", answer(f"{ACCOUNT}\tarn:aws:iam::{ACCOUNT}:user/somebody"))
    fake.rule("aws cloudformation describe-stacks", answer("UPDATE_COMPLETE"), parts=["StackStatus"])
    fake.rule("aws cloudformation describe-stacks", answer("Image classification: an HTTP API"), parts=["Description"])
    fake.rule("aws cloudformation describe-stacks", answer(OUTPUTS), parts=["Outputs"])
    fake.rule("aws cloudformation describe-stacks", answer("arn:stack/id"), parts=["StackId"])
    fake.rule("aws ecr list-images", answer("sha256:" + "0" * 64), answer("None"))
    fake.rule("aws batch list-jobs", answer("None"))
    fake.rule("aws resourcegroupstaggingapi get-resources", answer(f"arn:aws:s3:::{BUCKET}"))
    return fake


def test_keeps_the_bucket_and_says_so(fake):
    done = fake.run("uninstall.sh", "--yes")
    assert done.returncode == 0, done.stderr
    assert fake.matching("cloudformation delete-stack --stack-name MLServerlessStack")
    assert fake.matching("wait stack-delete-complete --stack-name arn:stack/id")
    assert f"Kept: {BUCKET}" in done.stderr and "--delete-bucket" in done.stderr
    assert not fake.matching("aws s3 rm") and not fake.matching("delete-bucket")
    assert "may cost money" not in done.stderr


def test_images_go_before_the_stack(fake):
    assert fake.run("uninstall.sh", "--yes").returncode == 0
    (delete,) = fake.matching("batch-delete-image")
    assert "imageDigest=sha256:" in delete
    assert fake.calls.index(delete) < fake.calls.index(fake.matching("delete-stack")[0])


def test_images_of_a_list_go_after_the_list(fake):
    """ECR refuses an image while a list names it, and removes the list in the same call."""
    first, second = "sha256:" + "0" * 64, "sha256:" + "1" * 64
    fake.rule("aws ecr list-images", answer(f"{first}\t{second}"), answer(first), answer("None"))
    fake.rule("aws ecr batch-delete-image", answer(f"{first}\treferenced by manifest list"), answer("None"))
    done = fake.run("uninstall.sh", "--yes")
    assert done.returncode == 0, done.stderr
    assert len(fake.matching("batch-delete-image")) == 2 and fake.matching("delete-stack")


@pytest.mark.parametrize("refusal", [answer("sha256:" + "0" * 64 + "\tin use"), answer("None"), answer(status=254, stderr="in use")])
def test_images_that_stay_end_it_before_the_stack(fake, refusal):
    fake.rule("aws ecr list-images", answer("sha256:" + "0" * 64))
    fake.rule("aws ecr batch-delete-image", refusal)
    done = fake.run("uninstall.sh", "--yes")
    assert done.returncode == 69 and "images of ml could not be removed" in done.stderr
    assert ("in use" in done.stderr) == ("None" not in refusal[0])
    assert len(fake.matching("batch-delete-image")) == 1 and not fake.matching("delete-stack")


def test_jobs_are_ended(fake):
    fake.rule("aws batch list-jobs", answer("job-1\tjob-2"), parts=["RUNNING"])
    assert fake.run("uninstall.sh", "--yes").returncode == 0
    assert len(fake.matching("terminate-job")) == 2


def test_bucket_goes_when_asked_and_after_the_stack(fake):
    fake.rule("aws s3api head-bucket", answer(), answer(status=254))
    done = fake.run("uninstall.sh", "--yes", "--delete-bucket")
    assert done.returncode == 0, done.stderr
    order = [fake.calls.index(fake.matching(*parts)[0]) for parts in (
        ("delete-stack",), (f"aws s3 rm s3://{BUCKET} --recursive",), (f"delete-bucket --bucket {BUCKET}",))]
    assert order == sorted(order)


VERSIONS = '{"Objects": [{"Key": "input/a.jpg", "VersionId": "1"}], "Quiet": true}'
NO_VERSIONS = '{"Objects": [], "Quiet": true}'


def test_every_version_goes(fake):
    fake.rule("aws s3api head-bucket", answer(), answer(status=254))
    fake.rule("aws s3api list-object-versions", answer(VERSIONS), answer(VERSIONS.replace("a.jpg", "b.jpg")), answer(NO_VERSIONS))
    fake.rule("aws s3api delete-objects", answer("None"))
    done = fake.run("uninstall.sh", "--yes", "--delete-bucket")
    assert done.returncode == 0, done.stderr
    assert len(fake.matching("delete-objects")) == 2 and "None" not in done.stderr


@pytest.mark.parametrize("refusal, reason", [
    (answer("input/a.jpg\tObject is locked"), "Object is locked"), (answer("None"), "lists the same objects"),
    (answer(status=254, stderr="AccessDenied"), "AccessDenied")])
def test_objects_that_stay_end_it(fake, refusal, reason):
    """delete-objects has status 0 when single keys are refused."""
    fake.rule("aws s3api list-object-versions", answer(VERSIONS))
    fake.rule("aws s3api delete-objects", refusal)
    done = fake.run("uninstall.sh", "--yes", "--delete-bucket")
    assert done.returncode == 69 and reason in done.stderr and f"Kept: {BUCKET}" in done.stderr
    assert len(fake.matching("delete-objects")) == 1 and not fake.matching("delete-bucket --bucket")


def test_objects_that_cannot_be_listed_end_it(fake):
    fake.rule("aws s3api list-object-versions", answer(status=254, stderr="AccessDenied"))
    done = fake.run("uninstall.sh", "--yes", "--delete-bucket")
    assert done.returncode == 69 and "AccessDenied" in done.stderr and not fake.matching("delete-bucket --bucket")


def test_bucket_of_a_stack_long_gone_can_go(fake):
    fake.rule("aws cloudformation describe-stacks", answer(status=254, stderr="Stack does not exist"))
    fake.rule("aws s3api head-bucket", answer(), answer(status=254))
    assert fake.run("uninstall.sh", "--yes", "--delete-bucket").returncode == 0
    assert fake.matching("delete-bucket") and not fake.matching("delete-stack")


def test_nobody_to_ask_is_78(fake):
    done = fake.run("uninstall.sh")
    assert done.returncode == 78 and "--yes" in done.stderr
    assert fake.changes == []


def test_nothing_there_is_done(fake):
    fake.rule("aws cloudformation describe-stacks", answer(status=254, stderr="Stack does not exist"))
    fake.rule("aws s3api head-bucket", answer(status=254))
    done = fake.run("uninstall.sh")
    assert done.returncode == 0 and "There is no stack" in done.stderr
    assert fake.changes == []


def test_what_would_not_go_is_named(fake):
    fake.rule("aws cloudformation wait", answer(status=255))
    fake.rule("aws cloudformation describe-stack-events", answer("Vpc\tAWS::EC2::VPC\thas dependencies"))
    done = fake.run("uninstall.sh", "--yes")
    assert done.returncode == 69
    assert "Vpc (AWS::EC2::VPC): has dependencies" in done.stderr and "run it again" in done.stderr


def test_what_is_left_is_named(fake):
    fake.rule("aws resourcegroupstaggingapi get-resources", answer("arn:aws:ec2:eu-west-1:1:vpc-endpoint/vpce-1"))
    fake.rule("aws logs describe-log-groups", answer("arn:aws:logs:eu-west-1:1:log-group:/aws/lambda/left"))
    done = fake.run("uninstall.sh", "--yes")
    assert "may cost money" in done.stderr and "vpce-1" in done.stderr and "/aws/lambda/left" in done.stderr


@pytest.mark.parametrize("arguments", [["--no-such"], ["--stack"], ["--region"]])
def test_wrong_call_is_64(fake, arguments):
    assert fake.run("uninstall.sh", *arguments).returncode == 64
    assert fake.calls == []
