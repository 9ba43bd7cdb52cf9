"""install.sh with an `aws` and a `docker` that write down what they are asked: what it checks, changes and says."""

import pytest

from support.fake_commands import FakeCommands, answer

ACCOUNT, REGION = "123456789012", "eu-west-1"
BUCKET = f"ml-serverless-bucket-{ACCOUNT}-{REGION}"
REPOSITORY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/ml"
DIGEST = "sha256:" + "ab" * 32
IMAGE = f"{REPOSITORY}@{DIGEST}"
OUTPUTS = "\n".join([
    f"bucket\t{BUCKET}", f"repository\t{REPOSITORY}", "httpAPIUrl\thttps://api.example", "jobQueue\tarn:queue",
    "dashboard\thttps://dashboard.example"])
NO_STACK = answer(status=254, stderr="An error occurred (ValidationError): Stack with id MLServerlessStack does not exist")


@pytest.fixture
def fake(tmp_path):
    """An account with room in every quota, a docker, and no stack yet."""
    fake = FakeCommands(tmp_path)
    fake.add("aws")
    fake.add("docker")
    fake.rule("docker")
    fake.rule("aws sts get-caller-identity", answer(f"{ACCOUNT}\tarn:aws:iam::{ACCOUNT}:user/somebody"))
    fake.rule("aws service-quotas", answer("100.0"))
    fake.rule("aws lambda get-account-settings", answer("1000\t1000"))
    fake.rule("aws iam get-role")
    fake.rule("aws s3api head-bucket", answer(status=254))
    fake.rule("aws cloudformation")
    fake.rule("aws cloudformation describe-stacks", NO_STACK, parts=["StackStatus"])
    fake.rule("aws cloudformation describe-stacks", answer(OUTPUTS), parts=["Outputs"])
    fake.rule("aws ecr get-login-password", answer("a-password"))
    fake.rule("aws ecr describe-images", answer(DIGEST))
    return fake


@pytest.fixture
def installed(fake):
    """The same account with the stack in it."""
    fake.rule("aws cloudformation describe-stacks", answer("UPDATE_COMPLETE"), parts=["StackStatus"])
    fake.rule("aws cloudformation describe-stacks", answer(IMAGE), parts=["ImageUri"])
    for name, value in ("Architecture", "X86_64"), ("Compute", "fargate"), ("MaxVcpus", "16"):
        fake.rule("aws cloudformation describe-stacks", answer(value), parts=[f"=='{name}'"])
    return fake


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "own.onnx"
    path.write_bytes(b"a model")
    return path


def test_first_run_has_two_phases_around_the_image(fake, model):
    done = fake.run("install.sh", "--model", str(model), "--compute", "fargate-spot", "--max-vcpus", "64")
    assert done.returncode == 0, done.stderr
    deploys = fake.matching("cloudformation deploy")
    assert len(deploys) == 2
    assert "ImageUri= " in deploys[0] and f"ImageUri={IMAGE}" in deploys[1]
    for deploy in deploys:
        assert "Compute=fargate-spot" in deploy and "MaxVcpus=64" in deploy and "CAPABILITY_IAM" in deploy
    order = [fake.calls.index(call) for call in (
        deploys[0], fake.matching("docker", "build")[-1], fake.matching("docker push")[0], deploys[1])]
    assert order == sorted(order)
    assert "curl --data-binary @photo.jpg" in done.stdout and "https://api.example/predict" in done.stdout
    assert f"s3://{BUCKET}/input/" in done.stdout


def test_the_password_never_is_an_argument(fake, model):
    assert fake.run("install.sh", "--model", str(model)).returncode == 0
    assert not fake.matching("a-password")
    assert "--password-stdin" in fake.matching("docker login")[0]


def test_lambda_gets_an_image_and_no_index(fake, model):
    assert fake.run("install.sh", "--model", str(model)).returncode == 0
    build = fake.matching("docker buildx build")[0]
    for flag in "--provenance=false", "--sbom=false", "--platform linux/amd64":
        assert flag in build


def test_second_run_keeps_image_and_never_takes_it_away(installed):
    done = installed.run("install.sh", "--max-vcpus", "32")
    assert done.returncode == 0, done.stderr
    (deploy,) = installed.matching("cloudformation deploy")
    assert f"ImageUri={IMAGE}" in deploy and "MaxVcpus=32" in deploy
    assert not installed.matching("docker")


def test_second_run_builds_for_the_architecture_of_the_stack(installed, model):
    installed.rule("aws cloudformation describe-stacks", answer("ARM64"), parts=["=='Architecture'"])
    assert installed.run("install.sh", "--model", str(model)).returncode == 0
    assert "--platform linux/arm64" in installed.matching("buildx build")[0]
    assert len(installed.matching("cloudformation deploy")) == 1


def test_missing_linked_roles_are_created(fake, model):
    fake.rule("aws iam get-role", answer(status=254))
    fake.rule("aws iam create-service-linked-role", answer())
    assert fake.run("install.sh", "--model", str(model)).returncode == 0
    assert [call.split()[-1] for call in fake.matching("create-service-linked-role")] == [
        "batch.amazonaws.com", "ecs.amazonaws.com"]


def test_kept_bucket_is_imported_before_anything_else(fake, model):
    fake.rule("aws s3api head-bucket")
    assert fake.run("install.sh", "--model", str(model)).returncode == 0
    (create,) = fake.matching("create-change-set")
    assert "--change-set-type IMPORT" in create and BUCKET in create and "ImportBucket,ParameterValue=true" in create
    assert fake.matching("wait stack-import-complete")
    assert fake.calls.index(create) < fake.calls.index(fake.matching("cloudformation deploy")[0])


def test_bucket_of_a_living_stack_is_not_imported(installed):
    installed.rule("aws s3api head-bucket")
    assert installed.run("install.sh").returncode == 0
    assert not installed.matching("create-change-set")


def test_failure_names_resource_and_reason_and_remedy(fake, model):
    fake.rule("aws cloudformation deploy", answer(), answer(status=255, stderr="Failed to create/update the stack"))
    fake.rule("aws cloudformation describe-stack-events", answer(
        "PredictFunction\tAWS::Lambda::Function\t'MemorySize' value failed to satisfy constraint\n"
        "HttpApi\tAWS::ApiGatewayV2::Api\tResource creation cancelled"))
    done = fake.run("install.sh", "--model", str(model))
    assert done.returncode == 69
    assert "PredictFunction (AWS::Lambda::Function): 'MemorySize' value failed" in done.stderr
    assert "--lambda-memory 3008" in done.stderr
    assert "HttpApi" not in done.stderr


def test_rest_of_a_failed_first_run_is_removed(fake, model):
    fake.rule("aws cloudformation describe-stacks", answer("ROLLBACK_COMPLETE"), parts=["StackStatus"])
    fake.rule("aws cloudformation describe-stacks", answer(), parts=["Parameters"])
    assert fake.run("install.sh", "--model", str(model)).returncode == 0
    assert fake.calls.index(fake.matching("delete-stack")[0]) < fake.calls.index(fake.matching("cloudformation deploy")[0])


def test_all_that_is_missing_is_said_at_once_and_nothing_changed(fake):
    fake.rule("docker info", answer(status=1))
    fake.rule("aws lambda get-account-settings", answer("10\t10"))
    fake.rule("aws ec2 describe-subnets", answer("vpc-2\t3"))
    fake.rule("aws ec2 describe-route-tables", answer("rtb-1\nigw-1"))
    done = fake.run(
        "install.sh", "--model", "nowhere.onnx", "--lambda-concurrency", "5", "--vpc", "vpc-1", "--subnets", "subnet-1",
        "--network", "private")
    assert done.returncode == 69
    for text in (
        "docker is installed but does not run", "nowhere.onnx: no such file", "must keep 10", "in vpc-2, not in vpc-1",
        "3 free addresses", "public by its route", "nothing was changed"):
        assert text in done.stderr
    assert fake.changes == []


@pytest.mark.parametrize("route, network", [("igw-1", "public"), ("nat-1", "private"), ("tgw-1", "private"), ("", "private")])
def test_route_of_given_subnets_decides_about_public_addresses(installed, route, network):
    installed.rule("aws ec2 describe-subnets", answer("vpc-1\t4000"))
    installed.rule("aws ec2 describe-route-tables", answer(f"rtb-1\n{route}"))
    done = installed.run("install.sh", "--vpc", "vpc-1", "--subnets", "subnet-1,subnet-2")
    assert done.returncode == 0, done.stderr
    (deploy,) = installed.matching("cloudformation deploy")
    assert f"Network={network}" in deploy and "SubnetIds=subnet-1,subnet-2" in deploy and "VpcId=vpc-1" in deploy
    assert ("no route out" in done.stderr) == (route == "")


def test_small_quota_is_a_note(installed):
    installed.rule("aws service-quotas", answer("6.0"))
    done = installed.run("install.sh", "--max-vcpus", "64")
    assert done.returncode == 0
    assert "'Fargate On-Demand vCPUs' is 6" in done.stderr


def test_dry_run_prints_the_change_set_and_drops_it(fake):
    change_set = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/awscli-1/2"
    fake.rule("aws cloudformation deploy", answer(f"Run: aws cloudformation describe-change-set --change-set-name {change_set}"))
    fake.rule("aws cloudformation describe-change-set", answer("Add\tNone\tBucket\tAWS::S3::Bucket"))
    done = fake.run("install.sh", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "Bucket\tAWS::S3::Bucket" in done.stdout
    assert "--no-execute-changeset" in fake.matching("cloudformation deploy")[0]
    assert [call.split()[2] for call in fake.changes] == ["deploy", "delete-change-set", "delete-stack"]
    assert not fake.matching("docker")


def test_dry_run_of_an_installed_stack_leaves_it(installed):
    installed.rule("aws cloudformation deploy", answer("No changes to deploy. Stack MLServerlessStack is up to date"))
    done = installed.run("install.sh", "--dry-run")
    assert done.returncode == 0 and "nothing would change" in done.stdout
    assert not installed.matching("delete-stack")


@pytest.mark.parametrize("arguments", [
    ["--no-such"], ["--model"], ["--stack", "-x"], ["--stack", "a" * 41], ["--compute", "gpu"], ["--max-vcpus", "many"],
    ["--vpc", "vpc-1"], ["--subnets", "subnet-1"], ["--network", "none"], ["--labels", "/nowhere", "--model", "resnet50"],
    ["--labels", "/etc/hostname"], ["--architecture", "MIPS"]])
def test_wrong_call_is_64_and_asks_aws_nothing(fake, arguments):
    done = fake.run("install.sh", *arguments)
    assert done.returncode == 64 and done.stderr.startswith("install.sh: ")
    assert fake.calls == []


def test_no_credentials_is_77(fake):
    fake.rule("aws sts get-caller-identity", answer(status=253, stderr="Unable to locate credentials"))
    done = fake.run("install.sh")
    assert done.returncode == 77 and "aws configure" in done.stderr


def test_no_region_is_78(fake):
    del fake.environment["AWS_REGION"]
    fake.rule("aws configure get region", answer(status=1))
    assert fake.run("install.sh").returncode == 78


def test_busy_stack_is_75(fake):
    fake.rule("aws cloudformation describe-stacks", answer("UPDATE_IN_PROGRESS"), parts=["StackStatus"])
    assert fake.run("install.sh").returncode == 75
    assert fake.changes == []


def test_no_aws_cli_is_69(fake):
    (fake.bin / "aws").unlink()
    done = fake.run("install.sh")
    assert done.returncode == 69 and "no AWS CLI" in done.stderr


@pytest.mark.parametrize("script", ["install.sh", "uninstall.sh", "doctor.sh"])
def test_help_is_the_top_of_the_script(fake, script):
    done = fake.run(script, "--help")
    assert done.returncode == 0 and f"deploy/{script}" in done.stdout and "Status:" in done.stdout
