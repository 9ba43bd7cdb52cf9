"""An AWS account, a docker and a curl that write down what they are asked, as the scripts of deploy/ see them."""

import pytest

from support.fake_commands import FakeCommands, answer

ACCOUNT, REGION = "123456789012", "eu-west-1"
BUCKET = f"ml-serverless-bucket-{ACCOUNT}-{REGION}"
REPOSITORY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/ml"
DIGEST = "sha256:" + "ab" * 32
OLD_DIGEST = "sha256:" + "cd" * 32
IMAGE, OLD_IMAGE = f"{REPOSITORY}@{DIGEST}", f"{REPOSITORY}@{OLD_DIGEST}"
OUTPUTS = "\n".join([
    f"bucket\t{BUCKET}", f"repository\t{REPOSITORY}", "httpAPIUrl\thttps://api.example", "jobQueue\tarn:queue",
    "jobDefinition\tarn:definition:7", "predictFunction\tS-predict", "submitFunction\tS-submit",
    "dashboard\thttps://dashboard.example"])
NO_STACK = answer(status=254, stderr="An error occurred (ValidationError): Stack with id MLServerlessStack does not exist")
OURS = "Image classification: an HTTP API"


def empty_account(folder):
    """An account whose quotas suffice, without a stack."""
    fake = FakeCommands(folder)
    for name in "aws", "docker", "curl":
        fake.add(name)
    fake.rule("docker")
    fake.rule("curl", answer("200"))
    fake.rule("aws sts get-caller-identity", answer(f"{ACCOUNT}\tarn:aws:iam::{ACCOUNT}:user/somebody"))
    fake.rule("aws service-quotas", answer("100.0"))
    fake.rule("aws lambda get-account-settings", answer("1000\t1000"))
    fake.rule("aws logs describe-resource-policies", answer("None"))
    fake.rule("aws iam get-role")
    fake.rule("aws s3api head-bucket", answer(status=254, stderr="An error occurred (404) when calling HeadBucket: Not Found"))
    fake.rule("aws cloudformation")
    fake.rule("aws cloudformation describe-stacks", NO_STACK, parts=["StackStatus"])
    fake.rule("aws cloudformation describe-stacks", answer(OUTPUTS), parts=["Outputs"])
    fake.rule("aws cloudformation describe-stacks", answer(OURS), parts=["Description"])
    fake.rule("aws cloudformation describe-stacks", answer("none"), parts=["=='Auth'"])
    fake.rule("aws ecr get-login-password", answer("a-password"))
    fake.rule("aws ecr describe-images", answer(DIGEST))
    fake.rule("aws ecr describe-images", answer("None"), parts=["starts_with"])
    fake.rule("aws ecr list-images", answer("None"))
    fake.rule("aws lambda")
    fake.rule("aws lambda get-function-configuration", answer("Active\tSuccessful"))
    fake.rule("aws lambda publish-version", answer("8"))
    fake.rule("aws lambda list-versions-by-function", answer("$LATEST\t8"))
    fake.rule("aws lambda invoke", answer("None"))
    fake.rule("aws batch list-jobs", answer("None"))
    fake.rule("aws batch describe-job-definitions", answer("arn:definition:7"))
    fake.environment["INSTALL_POLL_SECONDS"] = "0"
    return fake


def with_stack(fake):
    """The same account with the stack in it: version 7 of the function is live."""
    fake.rule("aws cloudformation describe-stacks", answer("UPDATE_COMPLETE"), parts=["StackStatus"])
    for name, value in {
            "ImageUri": OLD_IMAGE, "Architecture": "X86_64", "Compute": "fargate", "MaxVcpus": "16", "LiveVersion": "7"}.items():
        fake.rule("aws cloudformation describe-stacks", answer(value), parts=[f"=='{name}'"])
    # Asked for together with a parameter, and so the newest rule.
    fake.rule("aws cloudformation describe-stacks", answer(OURS), parts=["Description"])
    fake.rule("aws ecr describe-images", answer(OLD_DIGEST), parts=["starts_with"])
    return fake


def deploys(fake):
    """The changes of the stack, as one line each."""
    return fake.matching("aws cloudformation deploy")


@pytest.fixture
def fake(tmp_path):
    return empty_account(tmp_path)


@pytest.fixture
def installed(fake):
    return with_stack(fake)


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "own.onnx"
    path.write_bytes(b"a model")
    return path
