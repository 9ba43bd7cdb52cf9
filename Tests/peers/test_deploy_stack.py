"""stack.yaml: by AWS's linter, by rules of our own, and created, updated and deleted in moto by the real scripts."""

import json
import subprocess
import sys
import time
import urllib.request

import pytest

from support.tools import ROOT

sys.path.insert(0, str(ROOT / "deploy" / "cloud"))

from moto_template import Decider, for_moto, load, parameters  # noqa: E402
from processes import Processes, free_port, wait_for_port  # noqa: E402

STACK = ROOT / "deploy" / "stack.yaml"
TEMPLATE = load(STACK)
IMAGE = {"ImageUri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ml@sha256:" + "0" * 64}
NETWORK = {"VpcId": "vpc-12345678", "SubnetIds": "subnet-12345678,subnet-87654321"}


def resolved(**given):
    """The resources and outputs that there are with these parameters."""
    decide = Decider(TEMPLATE, parameters(TEMPLATE, given))

    def present(section):
        return {name: decide.resolve(entry) for name, entry in TEMPLATE[section].items()
                if "Condition" not in entry or decide.holds(entry["Condition"])}

    return present("Resources"), present("Outputs")


def statements():
    """Every statement of every role: (role, statement)."""
    for name, entry in TEMPLATE["Resources"].items():
        if entry["Type"] == "AWS::IAM::Role":
            for policy in entry["Properties"].get("Policies", []):
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield name, statement


def as_list(value):
    return value if isinstance(value, list) else [value]


def test_linter_has_nothing_to_say():
    done = subprocess.run([f"{sys.prefix}/bin/cfn-lint", STACK], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "")


def test_fits_where_a_template_is_passed_directly():
    assert len(STACK.read_bytes()) <= 51200 and STACK.read_bytes().isascii()


def test_every_parameter_and_output_is_documented():
    for section in "Parameters", "Outputs":
        for name, entry in TEMPLATE[section].items():
            assert len(entry["Description"]) > 15, name


def test_phases():
    importing, outputs = resolved(ImportBucket="true")
    assert set(importing) == {"Bucket"} and not outputs
    first, outputs = resolved()
    assert set(first) == {"Bucket", "BucketPolicy", "Repository"} and set(outputs) == {"bucket", "repository"}
    everything, outputs = resolved(**IMAGE)
    assert {"PredictFunction", "JobQueue", "HttpApi", "Vpc"} < set(everything) and "httpAPIUrl" in outputs


def test_no_action_is_a_wildcard_and_no_resource_unless_it_has_none():
    seen = list(statements())
    assert len(seen) >= 12
    for role, statement in seen:
        assert statement["Effect"] == "Allow" and statement["Sid"]
        for action in as_list(statement["Action"]):
            assert "*" not in action, role
        if "*" in as_list(statement["Resource"]):
            assert statement["Action"] == "ecr:GetAuthorizationToken", role


def test_what_each_role_may_do_to_objects():
    """By place, what the tools call there: anything more is a hole, anything less a failure at run time."""
    found = {}
    for role, statement in statements():
        for action in as_list(statement["Action"]):
            if action.startswith("s3:") and action != "s3:ListBucket":
                for resource in as_list(statement["Resource"]):
                    found.setdefault((role, resource["Fn::Sub"].split("/")[1]), set()).add(action)
    assert found == {
        ("SubmitRole", "manifests"): {"s3:GetObject", "s3:PutObject"},
        ("JobRole", "manifests"): {"s3:GetObject", "s3:GetObjectVersion"},
        ("JobRole", "input"): {"s3:GetObject", "s3:GetObjectVersion"},
        ("JobRole", "output"): {"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"}}


def test_bucket_is_private_encrypted_kept_and_tidied():
    bucket = resolved(**IMAGE)[0]["Bucket"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["BucketEncryption"] and "AbortIncompleteMultipartUpload" in str(properties["LifecycleConfiguration"])
    (deny,) = TEMPLATE["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert deny["Effect"] == "Deny" and deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_every_kind_of_upload_below_input_is_an_event():
    bucket = resolved(**IMAGE)[0]["Bucket"]["Properties"]
    (event,) = bucket["NotificationConfiguration"]["QueueConfigurations"]
    assert event["Event"] == "s3:ObjectCreated:*"
    assert event["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "input/"}]


def test_queue_takes_events_of_this_bucket_and_account_only():
    (allow,) = TEMPLATE["Resources"]["InputQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert allow["Principal"] == {"Service": "s3.amazonaws.com"}
    assert allow["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert "ml-serverless-bucket-" in str(allow["Condition"]["ArnEquals"]["aws:SourceArn"])


def test_numbers_of_the_event_source_go_together():
    resources = TEMPLATE["Resources"]
    mapping, queue = resources["SubmitEvents"]["Properties"], resources["InputQueue"]["Properties"]
    window, timeout = mapping["MaximumBatchingWindowInSeconds"], resources["SubmitFunction"]["Properties"]["Timeout"]
    assert queue["VisibilityTimeout"] >= 6 * timeout + window
    assert 10 < mapping["BatchSize"] <= 5000 and 1 <= window <= 300
    assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= 3


@pytest.mark.parametrize("compute, kind, capability", [
    ("fargate", "FARGATE", "FARGATE"), ("fargate-spot", "FARGATE_SPOT", "FARGATE"), ("ec2", "EC2", "EC2")])
@pytest.mark.parametrize("network, address", [("public", "ENABLED"), ("private", "DISABLED")])
def test_job_definition_has_what_its_compute_needs(compute, kind, capability, network, address):
    resources, _ = resolved(**IMAGE, Compute=compute, Network=network)
    compute = resources["ComputeEnvironment"]["Properties"]
    assert compute["ComputeResources"]["Type"] == kind and "ServiceRole" not in compute
    definition = resources["JobDefinition"]["Properties"]
    container = definition["ContainerProperties"]
    assert definition["PlatformCapabilities"] == [capability]
    assert container["ExecutionRoleArn"] and container["JobRoleArn"] and container["Command"] == ["batch"]
    if capability == "FARGATE":
        assert container["NetworkConfiguration"] == {"AssignPublicIp": address} and container["RuntimePlatform"]
        assert "InstanceProfile" not in resources
    else:
        assert "NetworkConfiguration" not in container and "RuntimePlatform" not in container
        assert "InstanceProfile" in resources


def test_retries():
    rules = TEMPLATE["Resources"]["JobDefinition"]["Properties"]["RetryStrategy"]["EvaluateOnExit"]
    assert len(rules) <= 5 and rules[-1] == {"Action": "EXIT", "OnExitCode": "*"}
    assert {"Action": "RETRY", "OnExitCode": "75"} in rules
    assert {"Action": "RETRY", "OnStatusReason": "Your Spot Task was interrupted*"} in rules


def test_networks():
    public, _ = resolved(**IMAGE)
    private, _ = resolved(**IMAGE, Network="private")
    given, _ = resolved(**IMAGE, **NETWORK)
    assert {"InternetRoute", "S3Endpoint"} < set(public) and "EcrApiEndpoint" not in public
    assert {"EcrApiEndpoint", "EcrDockerEndpoint", "LogsEndpoint", "S3Endpoint"} < set(private)
    assert "InternetGateway" not in private
    assert not {"Vpc", "S3Endpoint", "PublicSubnetA"} & set(given)
    assert given["ComputeEnvironment"]["Properties"]["ComputeResources"]["Subnets"] == {"Ref": "SubnetIds"}
    blocks = {name: entry["Properties"]["CidrBlock"] for name, entry in public.items() if entry["Type"] == "AWS::EC2::Subnet"}
    assert len(blocks) == 2 and all("/18" in str(block) for block in blocks.values())  # 16,379 containers each


def test_api_is_throttled_and_can_ask_for_signatures():
    settings = TEMPLATE["Resources"]["DefaultStage"]["Properties"]["DefaultRouteSettings"]
    assert settings == {"ThrottlingRateLimit": {"Ref": "ThrottleRate"}, "ThrottlingBurstLimit": {"Ref": "ThrottleBurst"}}
    assert (TEMPLATE["Parameters"]["ThrottleRate"]["Default"], TEMPLATE["Parameters"]["ThrottleBurst"]["Default"]) == (10, 20)
    routes = [entry["Properties"] for entry in resolved(**IMAGE, Auth="iam")[0].values() if entry["Type"].endswith("::Route") and "RouteKey" in entry["Properties"]]
    assert {route["RouteKey"] for route in routes} == {"POST /predict", "GET /", "GET /health"}
    assert {route["AuthorizationType"] for route in routes} == {"AWS_IAM"}


def test_logs_are_not_kept_for_ever_and_the_dashboard_is_json():
    resources, _ = resolved(**IMAGE)
    groups = [entry["Properties"] for entry in resources.values() if entry["Type"] == "AWS::Logs::LogGroup"]
    assert len(groups) == 5 and all("RetentionInDays" in group for group in groups)
    assert json.loads(resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])["widgets"]
    assert json.loads(resources["FailedJobLogsPolicy"]["Properties"]["PolicyDocument"]["Fn::Sub"])["Statement"]


# ── The scripts against moto ────────────────────────────────────────────────────────────────────────────────────────────

BUCKET = "ml-serverless-bucket-123456789012-eu-west-1"


@pytest.fixture
def cloud(tmp_path_factory):
    """An account in moto, a PATH with its AWS CLI and a docker that pushes to it."""
    folder = tmp_path_factory.mktemp("moto")
    with Processes() as processes:
        port = free_port()
        server = processes.start([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port], folder / "moto.log")
        wait_for_port(port, server)
        endpoint = f"http://127.0.0.1:{port}"
        settings = json.dumps({"batch": {"use_docker": False}}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/config", settings, method="POST")).close()
        bin = folder / "bin"
        bin.mkdir()
        cli = [sys.executable, "-I", "-S", ROOT / "Tests" / "support" / "aws_cli.py"]
        (bin / "aws").write_text(f'#!/bin/sh\nexec {" ".join(map(str, cli))} call {folder}/cli "$@"\n')
        server = processes.start([sys.executable, cli[-1], "serve", folder / "cli"], folder / "cli.log")
        deadline = time.monotonic() + 60
        while not (folder / "cli").exists():
            assert server.poll() is None and time.monotonic() < deadline, (folder / "cli.log").read_text()
            time.sleep(0.05)
        # A push leaves a manifest of its own in the repository, so that it has a digest.
        (bin / "docker").write_text(
            '#!/bin/bash\n[ "$1" != login ] || cat >/dev/null\n[ "$1" != push ] || aws ecr put-image '
            '--repository-name ml-serverless --image-tag "${2##*:}" --image-manifest '
            '"{\\"schemaVersion\\": 2, \\"mediaType\\": \\"application/vnd.docker.distribution.manifest.v2+json\\", \\"config\\": {\\"digest\\": \\"${2##*:}\\"}}" >/dev/null\n')
        for command in bin.iterdir():
            command.chmod(0o755)
        environment = {
            "PATH": f"{bin}:/usr/bin:/bin", "HOME": str(folder), "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",  # the CLI of version 1 knows only this one
            "AWS_ACCESS_KEY_ID": "AKIDTEST", "AWS_SECRET_ACCESS_KEY": "secret"}

        def call(*words):
            return subprocess.run(words, capture_output=True, text=True, timeout=240, env=environment, cwd=folder)

        yield call


def script(cloud, name, *arguments):
    return cloud(ROOT / "deploy" / name, *arguments)


def held(cloud):
    """What the stack holds in moto, by name."""
    listed = cloud("aws", "cloudformation", "describe-stack-resources", "--stack-name", "ml", "--output", "json")
    assert listed.returncode == 0, listed.stderr
    return {entry["LogicalResourceId"] for entry in json.loads(listed.stdout)["StackResources"] if entry.get("LogicalResourceId")}


def image(cloud):
    return cloud("aws", "lambda", "get-function", "--function-name", "ml-predict", "--query", "Code.ImageUri", "--output", "text").stdout.strip()


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "own.onnx"
    path.write_bytes(b"a model")
    return str(path)


def test_created_and_updated(cloud, model):
    done = script(cloud, "install.sh", "--stack", "ml", "--model", model)
    assert done.returncode == 0, done.stderr
    assert BUCKET in done.stdout and "/predict" in done.stdout
    template, skipped = for_moto(STACK, IMAGE)
    assert held(cloud) == set(template["Resources"])
    assert set(skipped.values()) == {  # a green stack in moto proves nothing about these
        "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Stage",
        "AWS::CloudWatch::Alarm", "AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"}

    first = image(cloud)
    assert "@sha256:" in first
    again = script(cloud, "install.sh", "--stack", "ml")
    assert again.returncode == 0, again.stderr
    assert image(cloud) == first
    time.sleep(1)  # an image's tag is the second it was built in
    newer = script(cloud, "install.sh", "--stack", "ml", "--model", model)
    assert newer.returncode == 0, newer.stderr
    assert image(cloud) not in ("", first)
    check = script(cloud, "doctor.sh", "--stack", "ml")
    for line in "stack ml: UPDATE_COMPLETE", "compute environment: enabled, valid", "job queue: enabled, valid", "jobs: none stuck":
        assert f"ok    {line}" in check.stdout, check.stdout + check.stderr


def test_removed_again(cloud, model):
    """In the account's own network: moto cannot delete a VPC that has route tables."""
    def ask(*words):
        return cloud("aws", "ec2", *words, "--output", "text").stdout.split()

    (vpc,) = ask("describe-vpcs", "--filters", "Name=is-default,Values=true", "--query", "Vpcs[].VpcId")
    subnets = ask("describe-subnets", "--filters", f"Name=vpc-id,Values={vpc}", "--query", "Subnets[].SubnetId")
    done = script(cloud, "install.sh", "--stack", "ml", "--model", model, "--vpc", vpc, "--subnets", ",".join(subnets[:2]))
    assert done.returncode == 0, done.stderr
    assert "Vpc" not in held(cloud) and "JobQueue" in held(cloud)

    gone = script(cloud, "uninstall.sh", "--stack", "ml", "--yes")
    assert gone.returncode == 0, gone.stderr
    assert cloud("aws", "cloudformation", "describe-stacks", "--stack-name", "ml").returncode != 0
    assert f"Kept: {BUCKET}" in gone.stderr and cloud("aws", "s3api", "head-bucket", "--bucket", BUCKET).returncode == 0

    cloud("aws", "s3api", "put-object", "--bucket", BUCKET, "--key", "output/left.ndjson")
    emptied = script(cloud, "uninstall.sh", "--stack", "ml", "--yes", "--delete-bucket")
    assert emptied.returncode == 0, emptied.stderr
    assert cloud("aws", "s3api", "head-bucket", "--bucket", BUCKET).returncode != 0
