"""install.sh with an `aws` and a `docker` that write down what they are asked: what it checks, changes and says."""

import platform
import subprocess

import pytest

from support.fake_account import ACCOUNT, BUCKET, IMAGE, OLD_IMAGE, REGION, deploys, fake, installed, model
from support.fake_commands import answer
from support.tools import ROOT


def test_first_run_has_two_phases_around_the_image_and_then_goes_live(fake, model):
    done = fake.run("install.sh", "--model", str(model), "--compute", "fargate-spot", "--max-vcpus", "64")
    assert done.returncode == 0, done.stderr
    base, everything, live = deploys(fake)
    assert "ImageUri= " in base and f"ImageUri={IMAGE}" in everything and "LiveVersion" not in everything
    assert f"ImageUri={IMAGE}" in live and "LiveVersion=8" in live
    for deploy in base, everything, live:
        assert "Compute=fargate-spot" in deploy and "MaxVcpus=64" in deploy and "CAPABILITY_IAM" in deploy
        assert f"BucketName={BUCKET} " in deploy
    order = [fake.calls.index(call) for call in (
        base, fake.matching("docker", "build")[-1], fake.matching("docker run", "check")[0], fake.matching("docker push")[0],
        everything, fake.matching("lambda invoke", "--qualifier 8")[0], live, fake.matching("curl", "/predict")[0])]
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


def test_second_run_keeps_the_image_and_tests_its_version(installed):
    """A stack of before --model was remembered: its image cannot be compared with anything here."""
    done = installed.run("install.sh", "--max-vcpus", "32")
    assert done.returncode == 0, done.stderr
    everything, live = deploys(installed)
    assert f"ImageUri={OLD_IMAGE}" in everything and "MaxVcpus=32" in everything and "LiveVersion=8" in live
    assert not installed.matching("docker") and "the image stays as it is" in done.stderr


def test_second_run_builds_for_the_architecture_of_the_stack(installed, model):
    installed.rule("aws cloudformation describe-stacks", answer("ARM64"), parts=["=='Architecture'"])
    installed.rule("aws ecr describe-images", answer("None"), parts=["starts_with"])
    assert installed.run("install.sh", "--model", str(model)).returncode == 0
    (build,) = installed.matching("buildx build")
    assert "--platform linux/arm64" in build and "MACHINE=aarch64" in build


def test_missing_linked_roles_are_created(fake, model):
    fake.rule("aws iam get-role", answer(status=254))
    fake.rule("aws iam create-service-linked-role", answer())
    assert fake.run("install.sh", "--model", str(model)).returncode == 0
    assert [call.split()[-1] for call in fake.matching("create-service-linked-role")] == [
        "batch.amazonaws.com", "ecs.amazonaws.com"]


def test_kept_bucket_is_imported_alone_before_anything_else(fake, model):
    fake.rule("aws s3api head-bucket")
    assert fake.run("install.sh", "--model", str(model)).returncode == 0
    (create,) = fake.matching("create-change-set")
    assert "--change-set-type IMPORT" in create and f"BucketName,ParameterValue={BUCKET}" in create and "/bucket.yaml" in create
    assert fake.matching("wait stack-import-complete")
    assert fake.calls.index(create) < fake.calls.index(deploys(fake)[0])


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
    assert fake.run("install.sh", "--model", str(model)).returncode == 0
    assert fake.calls.index(fake.matching("delete-stack")[0]) < fake.calls.index(deploys(fake)[0])


def test_all_that_is_missing_is_said_at_once_and_nothing_changed(fake):
    for builder in "docker", "podman", "buildah":
        fake.add(builder)
        fake.rule(f"{builder} info", answer(status=1))
    fake.rule("aws lambda get-account-settings", answer("10\t10"))
    fake.rule("aws ec2 describe-subnets", answer("vpc-2\t3"))
    fake.rule("aws ec2 describe-route-tables", answer("rtb-1\nigw-1"))
    done = fake.run(
        "install.sh", "--model", "nowhere.onnx", "--lambda-concurrency", "5", "--vpc", "vpc-1", "--subnets", "subnet-1",
        "--network", "private")
    assert done.returncode == 69
    for text in (
        "installed but not working: docker podman buildah", "nowhere.onnx: no such file", "must keep 10", "in vpc-2, not in vpc-1",
        "3 free addresses", "public by its route", "nothing was changed"):
        assert text in done.stderr
    assert fake.changes == []


@pytest.mark.parametrize("route, network", [("igw-1", "public"), ("nat-1", "private"), ("tgw-1", "private"), ("", "private")])
def test_route_of_given_subnets_decides_about_public_addresses(installed, route, network):
    installed.rule("aws ec2 describe-subnets", answer("vpc-1\t4000"))
    installed.rule("aws ec2 describe-route-tables", answer(f"rtb-1\n{route}"))
    done = installed.run("install.sh", "--vpc", "vpc-1", "--subnets", "subnet-1,subnet-2")
    assert done.returncode == 0, done.stderr
    deploy = deploys(installed)[0]
    assert f"Network={network}" in deploy and "SubnetIds=subnet-1,subnet-2" in deploy and "VpcId=vpc-1" in deploy
    assert ("no route out" in done.stderr) == (route == "")


def test_options_become_parameters_and_tags(fake, model):
    fake.rule("aws s3api head-bucket", answer(), parts=["logs"])
    fake.rule("aws kms describe-key", answer("Enabled\tSYMMETRIC_DEFAULT\tENCRYPT_DECRYPT"))
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
    done = fake.run(
        "install.sh", "--model", str(model), "--auth", "jwt", "--jwt-issuer", "https://issuer", "--jwt-audience", "a,b",
        "--kms-key", key, "--tags", "team=vision,cost centre=7 b", "--permissions-boundary", "arn:boundary", "--versioning", "on",
        "--access-log", "s3://logs/photos/", "--log-format", "text", "--bucket", "my-photos")
    assert done.returncode == 0, done.stderr
    for deploy in deploys(fake):
        for pair in (
                "Auth=jwt", "JwtIssuer=https://issuer", "JwtAudience=a,b", f"KmsKeyArn={key}", "PermissionsBoundary=arn:boundary",
                "BucketVersioning=Enabled", "AccessLogBucket=logs", "AccessLogPrefix=photos/", "LogFormat=text", "BucketName=my-photos"):
            assert f" {pair}" in deploy
        assert " --tags team=vision cost centre=7 b --parameter-overrides " in deploy


def test_tags_stay_when_they_are_not_given_again(installed):
    installed.rule("aws cloudformation describe-stacks", answer("team\tvision"), parts=["Tags"])
    assert installed.run("install.sh").returncode == 0
    assert all("--tags team=vision --parameter-overrides" in deploy for deploy in deploys(installed))


@pytest.mark.parametrize("stack, region, name", [
    ("MLServerlessStack", REGION, BUCKET), ("second", REGION, f"second-{ACCOUNT}-{REGION}"),
    ("Second", REGION, f"second-{{}}-{ACCOUNT}-{REGION}"), ("a" * 40, REGION, "a" * 40 + f"-{ACCOUNT}-{REGION}"),
    ("b" * 40, "ap-southeast-1", f"b-{{}}-{ACCOUNT}-ap-southeast-1")])
def test_every_stack_has_its_own_bucket(fake, model, stack, region, name):
    """Names that are changed to be a bucket's carry a checksum of the stack's."""
    checksum = subprocess.run(["cksum"], input=stack.encode(), capture_output=True, check=True).stdout.split()[0].decode()
    fake.environment["AWS_REGION"] = region
    done = fake.run("install.sh", "--model", str(model), "--stack", stack)
    assert done.returncode == 0, done.stderr
    used = deploys(fake)[0].split("BucketName=")[1].split()[0]
    assert len(used) <= 63 and used.endswith(name.format(checksum))


def test_bucket_of_another_stack_is_refused_before_any_change(fake, model):
    fake.rule("aws s3api head-bucket")
    fake.rule("aws cloudformation describe-stack-resources", answer("Other"), parts=[BUCKET])
    fake.rule("aws cloudformation describe-stacks --stack-name Other", answer("UPDATE_COMPLETE"))
    done = fake.run("install.sh", "--model", str(model))
    assert done.returncode == 69 and "belongs to stack Other; use --bucket" in done.stderr
    assert fake.changes == []


def test_bucket_of_another_account_is_refused(fake, model):
    fake.rule("aws s3api head-bucket", answer(status=254, stderr="An error occurred (403) when calling HeadBucket: Forbidden"))
    done = fake.run("install.sh", "--model", str(model))
    assert done.returncode == 69 and "another account" in done.stderr and fake.changes == []


def test_bucket_of_an_installed_stack_cannot_change(installed):
    done = installed.run("install.sh", "--bucket", "another")
    assert done.returncode == 78 and BUCKET in done.stderr and installed.changes == []


@pytest.mark.parametrize("script", ["install.sh", "uninstall.sh", "doctor.sh"])
@pytest.mark.parametrize("description", ["The reference sample", "None"])
def test_stack_of_the_reference_sample_is_left_alone(installed, script, description):
    installed.rule("aws cloudformation describe-stacks", answer(description), parts=["Description"])
    done = installed.run(script)
    assert done.returncode == 78 and "use another --stack" in done.stderr
    assert installed.changes == []


def test_key_that_cannot_encrypt_is_missing(fake, model):
    fake.rule("aws kms describe-key", answer("PendingDeletion\tSYMMETRIC_DEFAULT\tENCRYPT_DECRYPT"))
    done = fake.run("install.sh", "--model", str(model), "--kms-key", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1")
    assert done.returncode == 69 and "PendingDeletion" in done.stderr and fake.changes == []


def test_eleventh_log_resource_policy_is_missing(fake, model):
    fake.rule("aws logs describe-resource-policies", answer("\t".join(f"p{n}" for n in range(10))))
    done = fake.run("install.sh", "--model", str(model))
    assert done.returncode == 69 and "log resource policy" in done.stderr and fake.changes == []


def test_zones_without_fargate_are_avoided(fake, model):
    fake.environment["AWS_REGION"] = "ap-northeast-1"
    fake.rule("aws ec2 describe-availability-zones", answer(
        "ap-northeast-1a\tapne1-az4\nap-northeast-1c\tapne1-az1\nap-northeast-1b\tapne1-az3\nap-northeast-1d\tapne1-az2"))
    assert fake.run("install.sh", "--model", str(model)).returncode == 0
    assert " ZoneA=ap-northeast-1a ZoneB=ap-northeast-1c" in deploys(fake)[0]


def test_subnet_in_a_zone_without_fargate_is_missing(installed):
    installed.environment["AWS_REGION"] = "us-west-1"
    installed.rule("aws ec2 describe-subnets", answer("vpc-1\t4000\tusw1-az2"))
    installed.rule("aws ec2 describe-route-tables", answer("rtb-1\nigw-1"))
    done = installed.run("install.sh", "--vpc", "vpc-1", "--subnets", "subnet-1")
    assert done.returncode == 69 and "usw1-az2, where there is no Fargate" in done.stderr and installed.changes == []


@pytest.mark.parametrize("working", ["podman", "buildah"])
def test_builder_that_works_is_used_though_docker_does_not(fake, model, working):
    fake.rule("docker", answer(status=1, stderr="Cannot connect to the Docker daemon"))
    fake.add(working)
    fake.rule(working)
    done = fake.run("install.sh", "--model", str(model))
    assert done.returncode == 0, done.stderr
    assert fake.matching(f"{working} build ") and fake.matching(f"{working} push") and not fake.matching("docker build")


def test_docker_without_buildx_builds_for_its_own_architecture_alone(fake, model):
    fake.rule("docker buildx", answer(status=1))
    done = fake.run("install.sh", "--model", str(model), "--architecture", "ARM64" if platform.machine() == "x86_64" else "X86_64")
    assert done.returncode == 69 and "buildx" in done.stderr and fake.changes == []


def test_reasons_of_validation_are_read_from_the_change_set(fake, model):
    fake.rule("aws cloudformation deploy", answer(status=255, stderr="Failed to create the changeset"))
    fake.rule("aws cloudformation list-change-sets", answer("arn:set"))
    fake.rule("aws cloudformation describe-events --change-set-name arn:set", answer("Bucket\tAWS::S3::Bucket\tName already exists /Resources/Bucket"))
    done = fake.run("install.sh", "--model", str(model))
    assert done.returncode == 69
    assert "Bucket (AWS::S3::Bucket): Name already exists /Resources/Bucket" in done.stderr and "--bucket" in done.stderr


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
    assert "--no-execute-changeset" in deploys(fake)[0]
    assert [call.split()[2] for call in fake.changes] == ["deploy", "delete-change-set", "delete-stack"]
    assert not fake.matching("docker") and "would build an image" in done.stderr


def test_dry_run_says_that_a_kept_bucket_is_imported(fake):
    change_set = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/awscli-1/2"
    fake.rule("aws s3api head-bucket")
    fake.rule("aws cloudformation deploy", answer(f"--change-set-name {change_set}"))
    fake.rule("aws cloudformation describe-change-set", answer("Add\tNone\tBucket\tAWS::S3::Bucket\nAdd\tNone\tVpc\tAWS::EC2::VPC"))
    done = fake.run("install.sh", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"would import the kept bucket {BUCKET}" in done.stderr
    assert "Import\t\tBucket" in done.stdout and "Add\t\tVpc" in done.stdout
    # Validation would refuse to create a bucket that exists.
    assert f"BucketName={BUCKET} " not in deploys(fake)[0]
    assert not fake.matching("create-change-set")


NAMES = (ROOT / "deploy" / "model" / "names.sh").read_text().split("model_names='")[1].split("'")[0].split()


@pytest.mark.parametrize("name", NAMES)
def test_every_model_that_can_be_downloaded_has_its_name(fake, name):
    fake.rule("aws cloudformation deploy", answer("--change-set-name arn:set"))
    done = fake.run("install.sh", "--dry-run", "--model", name)
    assert done.returncode == 0, done.stderr
    assert name in fake.run("install.sh", "--help").stdout.split("--labels")[0].replace(",", " ").split()


def test_names_are_those_of_the_download():
    usage = subprocess.run([ROOT / "deploy" / "model" / "fetch.sh"], capture_output=True, text=True, timeout=60)
    assert usage.returncode == 64 and sorted(usage.stderr.split()[2].split("|")) == sorted(NAMES)


def test_a_model_that_is_no_name_is_missing(fake):
    done = fake.run("install.sh", "--dry-run", "--model", "resnet50 squeezenet")
    assert done.returncode == 69 and all(name in done.stderr for name in NAMES) and fake.changes == []


def test_dry_run_of_an_installed_stack_leaves_it(installed):
    installed.rule("aws cloudformation deploy", answer("No changes to deploy. Stack MLServerlessStack is up to date"))
    done = installed.run("install.sh", "--dry-run")
    assert done.returncode == 0 and "nothing would change" in done.stdout
    assert not installed.matching("delete-stack")


@pytest.mark.parametrize("arguments", [
    ["--no-such"], ["--model"], ["--stack", "-x"], ["--stack", "a" * 41], ["--compute", "gpu"], ["--max-vcpus", "many"],
    ["--vpc", "vpc-1"], ["--subnets", "subnet-1"], ["--network", "none"], ["--labels", "/nowhere", "--model", "resnet50"],
    ["--labels", "/etc/hostname"], ["--architecture", "MIPS"], ["--bucket", "Capital"], ["--bucket", "a" * 64], ["--auth", "jwt"],
    ["--auth", "basic"], ["--auth", "jwt", "--jwt-issuer", "http://i", "--jwt-audience", "a"], ["--kms-key", "alias/mine"],
    ["--versioning", "yes"], ["--access-log", "logs"], ["--tags", "novalue"], ["--auth"], ["stray"], ["--no-such", "value"]])
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
