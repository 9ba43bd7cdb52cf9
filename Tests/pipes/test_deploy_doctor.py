"""doctor.sh with an `aws` that describes a healthy stack, and one with each thing broken."""

import pytest

from support.fake_commands import FakeCommands, answer

ACCOUNT, REGION = "123456789012", "eu-west-1"
REPOSITORY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/ml"
OUTPUTS = "\n".join([
    f"repository\t{REPOSITORY}", "jobQueue\tarn:queue", "jobDefinition\tarn:definition", "computeEnvironment\tarn:ce",
    "submitFunction\tS-submit", "predictFunction\tS-predict", "inputQueue\thttps://sqs/in", "deadLetterQueue\thttps://sqs/dead"])


@pytest.fixture
def fake(tmp_path):
    """A stack without a fault."""
    fake = FakeCommands(tmp_path)
    fake.add("aws")
    fake.rule("aws iam get-role")
    fake.rule("aws sts get-caller-identity", answer(f"{ACCOUNT}\tarn:aws:iam::{ACCOUNT}:user/somebody"))
    fake.rule("aws cloudformation describe-stacks", answer("UPDATE_COMPLETE"), parts=["StackStatus"])
    fake.rule("aws cloudformation describe-stacks", answer("Image classification: an HTTP API"), parts=["Description"])
    fake.rule("aws cloudformation describe-stacks", answer(OUTPUTS), parts=["Outputs"])
    fake.rule("aws lambda get-account-settings", answer("1000"))
    fake.rule("aws service-quotas", answer("100.0"))
    fake.rule("aws batch describe-compute-environments", answer("FARGATE"), parts=[".type"])
    fake.rule("aws batch describe-compute-environments", answer("16"), parts=["maxvCpus"])
    fake.rule("aws batch describe-compute-environments", answer("subnet-1"), parts=["subnets"])
    fake.rule("aws batch describe-compute-environments", answer("ENABLED\tVALID\tNone"), parts=["statusReason"])
    fake.rule("aws batch describe-job-queues", answer("ENABLED\tVALID\tNone"))
    fake.rule("aws batch describe-job-definitions", answer(f"{REPOSITORY}@sha256:ab"), parts=["image"])
    fake.rule("aws batch describe-job-definitions", answer("ENABLED"), parts=["assignPublicIp"])
    fake.rule("aws batch list-jobs", answer("None"))
    fake.rule("aws ecr describe-images")
    fake.rule("aws ec2 describe-subnets", answer("4000"), parts=["AvailableIpAddressCount"])
    fake.rule("aws ec2 describe-subnets", answer("vpc-1"), parts=["VpcId"])
    fake.rule("aws ec2 describe-route-tables", answer("rtb-1\nactive\tigw-1"))
    fake.rule("aws sqs get-queue-attributes", answer("0"))
    fake.rule("aws lambda get-function-configuration", answer("Active"))
    fake.rule("aws lambda get-function-configuration", answer("x86_64"), parts=["Architectures"])
    fake.add("curl")
    fake.rule("aws ecr batch-get-image", answer('{ "config": { "digest": "sha256:%s" } }' % ("c" * 64)))
    fake.rule("aws ecr get-download-url-for-layer", answer("https://layers/config"))
    fake.rule("curl", answer('{"config":{},"architecture":"amd64"}'))
    fake.rule("aws batch describe-job-definitions", answer("X86_64"), parts=["cpuArchitecture"])
    fake.rule("aws logs filter-log-events", answer("None"))
    return fake


def test_healthy_stack(fake):
    done = fake.run("doctor.sh")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) >= 12 and all(line.startswith("ok ") for line in lines), done.stdout
    assert fake.changes == []


# What is asked, what the answer is when it is broken, and what the line must say.
BROKEN = [
    ("aws cloudformation describe-stacks", ["StackStatus"], answer("ROLLBACK_COMPLETE"), "BAD   stack", "install.sh"),
    ("aws cloudformation describe-stacks", ["Outputs"], answer("bucket\tb"), "BAD   image: none", "install.sh"),
    ("aws iam get-role", [], answer(status=254), "BAD   role AWSServiceRoleForBatch", "create-service-linked-role"),
    ("aws ecr describe-images", [], answer(status=254), "BAD   image: sha256:ab", "install.sh --build"),
    ("aws ec2 describe-route-tables", [], answer("rtb-1\nblackhole\tnat-1"), "BAD   subnet subnet-1", "which does not exist"),
    ("aws batch describe-job-definitions", ["assignPublicIp"], answer("DISABLED"), "BAD   subnet", "--network public"),
    ("aws batch describe-compute-environments", ["statusReason"], answer("ENABLED\tINVALID\tCLIENT_ERROR - no role"),
     "BAD   compute environment: ENABLED INVALID, CLIENT_ERROR - no role", "install.sh"),
    ("aws batch describe-job-queues", [], answer("DISABLED\tVALID\tNone"), "BAD   job queue: DISABLED", "update-job-queue"),
    ("aws batch list-jobs", ["RUNNABLE"], answer("id-1\tname\tMISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - big"),
     "BAD   job name (id-1): blocks the queue", "--max-vcpus"),
    ("aws batch list-jobs", ["RUNNABLE"], answer("id-1\tname\tNone"), "BAD   job name (id-1)", "vCPU quota"),
    ("aws sqs get-queue-attributes", ["dead"], answer("3"), "BAD   uploads: 3", "doctor.sh --redrive"),
    ("aws batch list-jobs", ["RUNNABLE"], answer("id-1\tname\tMISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - none fits"),
     "BAD   job name (id-1): blocks the queue: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", "lower --vcpus"),
    ("aws logs filter-log-events", ["submit-failure"], answer('None\n{"event":"submit-failure","messages":3}'),
     "BAD   submissions: failed", "aws logs tail /aws/lambda/S-submit"),
    ("curl", [], answer('{"architecture":"arm64"}'), "BAD   architecture: the image is built for arm64, the job runs on x86_64",
     "--build --architecture X86_64"),
    ("aws lambda get-function-configuration", ["S-predict", "Architectures"], answer("arm64"),
     "BAD   architecture: the image is built for x86_64, the function runs on arm64", "--build --architecture ARM64"),
    ("aws lambda get-function-configuration", ["S-predict"], answer("Failed"), "BAD   function S-predict: Failed", "--build"),
]


@pytest.mark.parametrize("start, parts, broken, line, remedy", BROKEN, ids=[f"{b[3]} {b[4]}" for b in BROKEN])
def test_each_fault_has_a_line_and_a_remedy(fake, start, parts, broken, line, remedy):
    fake.rule(start, broken, parts=parts)
    done = fake.run("doctor.sh")
    assert done.returncode == 69
    found = [text for text in done.stdout.splitlines() if text.startswith(line)]
    assert found, done.stdout
    assert remedy in found[0]


NOTES = [
    ("aws lambda get-account-settings", [], answer("10"), "quota: 10 Lambda"),
    ("aws service-quotas", [], answer("6.0"), "quota: 6 FARGATE vCPUs"),
    ("aws batch list-jobs", ["FAILED"], answer("id\tname\tEssential container exited"), "job name (id): FAILED: Essential"),
    ("aws lambda get-function-configuration", ["S-submit", "--query State "], answer("Inactive"), "function S-submit: Inactive"),
    ("curl", [], answer(status=22), "architecture: the image's could not be read"),
    ("aws logs filter-log-events", ["S-submit", "errorType"], answer("None\n{\"errorType\":\"Usage\"}\nNone"), 'function S-submit: {"errorType"'),
    ("aws ec2 describe-subnets", ["AvailableIpAddressCount"], answer("4"), "subnet subnet-1: 4 free"),
]


@pytest.mark.parametrize("start, parts, odd, line", NOTES)
def test_what_is_only_odd_is_a_note(fake, start, parts, odd, line):
    fake.rule(start, odd, parts=parts)
    done = fake.run("doctor.sh")
    assert done.returncode == 0, done.stdout
    assert f"note  {line}" in done.stdout


@pytest.mark.parametrize("services, healthy", [
    ("com.amazonaws.eu-west-1.s3\tcom.amazonaws.eu-west-1.ecr.api\tcom.amazonaws.eu-west-1.ecr.dkr\tcom.amazonaws.eu-west-1.logs", True),
    ("com.amazonaws.eu-west-1.s3\tcom.amazonaws.eu-west-1.ecr.dkr", False)])
def test_subnet_without_a_route_needs_every_endpoint(fake, services, healthy):
    fake.rule("aws ec2 describe-route-tables", answer("rtb-1"))
    fake.rule("aws ec2 describe-vpc-endpoints", answer(services))
    fake.rule("aws batch describe-job-definitions", answer("DISABLED"), parts=["assignPublicIp"])
    done = fake.run("doctor.sh")
    assert (done.returncode == 0) == healthy, done.stdout
    assert healthy or "no endpoint for ecr.api logs" in done.stdout


def test_no_stack(fake):
    fake.rule("aws cloudformation describe-stacks", answer(status=254, stderr="Stack does not exist"))
    done = fake.run("doctor.sh")
    assert done.returncode == 69 and "Run install.sh" in done.stdout


def test_what_may_not_be_asked_is_a_note(fake):
    fake.rule("aws lambda get-account-settings", answer(status=254, stderr="AccessDenied"))
    done = fake.run("doctor.sh")
    assert done.returncode == 0 and "AccessDenied" in done.stderr


def test_redrive_moves_dead_letters_back(fake):
    fake.rule("aws sqs get-queue-attributes", answer("3"), parts=["dead"])
    fake.rule("aws sqs get-queue-attributes", answer("arn:dead"), parts=["QueueArn"])
    fake.rule("aws sqs start-message-move-task")
    done = fake.run("doctor.sh", "--redrive")
    assert done.returncode == 0, done.stdout
    assert fake.matching("start-message-move-task --source-arn arn:dead") and "3 that were given up go back" in done.stdout


def test_redrive_of_nothing_changes_nothing(fake):
    done = fake.run("doctor.sh", "--redrive")
    assert done.returncode == 0 and "none was given up" in done.stdout and fake.changes == []


def test_redrive_that_is_refused_is_bad(fake):
    fake.rule("aws sqs get-queue-attributes", answer("3"), parts=["dead"])
    fake.rule("aws sqs start-message-move-task", answer(status=254, stderr="AccessDenied"))
    done = fake.run("doctor.sh", "--redrive")
    assert done.returncode == 69 and "AccessDenied" in done.stdout
