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
