"""stack.yaml: by AWS's linter, by rules of our own, and created, updated and deleted in moto by the real scripts."""

import json
import subprocess
import sys

import pytest

from support.tools import ROOT

sys.path.insert(0, str(ROOT / "deploy" / "cloud"))

from moto_template import Decider, for_moto, load, parameters  # noqa: E402
from support import stack_cloud  # noqa: E402

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
                    # The one that is there only with --kms-key.
                    yield name, statement["Fn::If"][1] if "Fn::If" in statement else statement


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
    first, outputs = resolved()
    assert set(first) == {"Bucket", "BucketPolicy", "Repository"} and set(outputs) == {"bucket", "repository", "model"}
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
    allow, _ = TEMPLATE["Resources"]["InputQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert allow["Principal"] == {"Service": "s3.amazonaws.com"}
    assert allow["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert "ml-serverless-bucket-" in str(allow["Condition"]["ArnEquals"]["aws:SourceArn"])


@pytest.mark.parametrize("queue", ["InputQueue", "DeadLetterQueue"])
def test_queues_refuse_plain_http(queue):
    deny = TEMPLATE["Resources"][f"{queue}Policy"]["Properties"]["PolicyDocument"]["Statement"][-1]
    assert deny["Effect"] == "Deny" and deny["Action"] == "sqs:*" and deny["Principal"] == "*"
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}} and deny["Resource"] == {"Fn::GetAtt": [queue, "Arn"]}


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
    tokens, _ = resolved(**IMAGE, Auth="jwt", JwtIssuer="https://issuer", JwtAudience="a,b")
    assert tokens["Authorizer"]["Properties"]["AuthorizerType"] == "JWT"
    routes = [entry["Properties"] for entry in tokens.values() if entry["Type"] == "AWS::ApiGatewayV2::Route"]
    assert len(routes) == 3
    assert all(route["AuthorizationType"] == "JWT" and route["AuthorizerId"] == {"Ref": "Authorizer"} for route in routes)
    assert "Authorizer" not in resolved(**IMAGE)[0]


def test_logs_are_not_kept_for_ever_and_the_dashboard_is_json():
    resources, _ = resolved(**IMAGE)
    groups = [entry["Properties"] for entry in resources.values() if entry["Type"] == "AWS::Logs::LogGroup"]
    assert len(groups) == 5 and all("RetentionInDays" in group for group in groups)
    assert json.loads(resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])["widgets"]
    create, put = json.loads(resources["JobEventLogsPolicy"]["Properties"]["PolicyDocument"]["Fn::Sub"])["Statement"]
    # EventBridge gives no source account or rule when it creates a stream.
    assert create["Action"] == "logs:CreateLogStream" and "Condition" not in create
    assert put["Action"] == "logs:PutLogEvents" and "rule/${AWS::StackName}-*" in str(put["Condition"])
    assert resources["AccessLogs"]["Properties"]["LogGroupName"]["Fn::Sub"].startswith("/aws/vendedlogs/")


def test_import_has_the_bucket_alone():
    template = load(ROOT / "deploy" / "bucket.yaml")
    assert set(template["Resources"]) == {"Bucket"} and "Outputs" not in template and "Conditions" not in template
    bucket = template["Resources"]["Bucket"]
    assert bucket["DeletionPolicy"] == "Retain" and bucket["Properties"] == {"BucketName": {"Ref": "BucketName"}}
    # doctor.sh and install.sh know the stack as ours by how its description begins.
    assert all(t["Description"].startswith("Image classification:") for t in (template, TEMPLATE))
    done = subprocess.run([f"{sys.prefix}/bin/cfn-lint", ROOT / "deploy" / "bucket.yaml"], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "")


def test_revisions_stay_submittable_and_what_may_be_replaced_has_no_name():
    assert TEMPLATE["Resources"]["JobDefinition"]["Properties"]["ResourceRetentionPolicy"] == {"SkipDeregisterOnUpdate": True}
    # Of these CloudFormation makes the new one before it deletes the old one, which a fixed name forbids.
    for name, entry in TEMPLATE["Resources"].items():
        if entry["Type"] in (
                "AWS::Batch::JobQueue", "AWS::Batch::ComputeEnvironment", "AWS::SQS::Queue", "AWS::Events::Rule", "AWS::ECR::Repository",
                "AWS::IAM::Role", "AWS::EC2::SecurityGroup", "AWS::CloudWatch::Alarm", "AWS::SNS::Topic"):
            assert not {"Name", "JobQueueName", "ComputeEnvironmentName", "QueueName", "RepositoryName", "RoleName", "GroupName",
                        "AlarmName", "TopicName"} & set(entry.get("Properties", {})), name


def test_the_api_calls_the_alias_and_nothing_else():
    resources, _ = resolved(**IMAGE)
    assert resources["PredictAlias"]["Properties"]["FunctionVersion"] == {"Ref": "LiveVersion"}
    assert resources["PredictIntegration"]["Properties"]["IntegrationUri"] == {"Ref": "PredictAlias"}
    assert resources["ApiInvokesPredict"]["Properties"]["FunctionName"] == {"Ref": "PredictAlias"}


@pytest.mark.parametrize("vcpu", ["1", "2", "4", "8", "16"])
def test_jobs_fit_their_instances_and_fargate(vcpu):
    """ECS registers an instance's memory without the kernel's and the agent's: less than 15 % of 2 GiB a vCPU."""
    sizes = TEMPLATE["Mappings"]["JobSizes"]
    assert sizes["ec2"][vcpu] <= 2048 * int(vcpu) * 0.85 and sizes["ec2"][vcpu] >= 1700 * int(vcpu)
    least, most, step = {"1": (2048, 8192, 1024), "2": (4096, 16384, 1024), "4": (8192, 30720, 1024), "8": (16384, 61440, 4096),
                         "16": (32768, 122880, 8192)}[vcpu]
    assert least <= sizes["fargate"][vcpu] <= most and sizes["fargate"][vcpu] % step == 0


@pytest.mark.parametrize("architecture, family", [("X86_64", "c6i"), ("ARM64", "c6g")])
def test_instances_are_of_the_architecture(architecture, family):
    resources, _ = resolved(**IMAGE, Compute="ec2", Architecture=architecture)
    assert resources["ComputeEnvironment"]["Properties"]["ComputeResources"]["InstanceTypes"] == [family]


def test_key_boundary_versions_and_access_log():
    key, boundary = "arn:aws:kms:eu-west-1:1:key/1", "arn:aws:iam::1:policy/limit"
    resources, _ = resolved(
        **IMAGE, KmsKeyArn=key, PermissionsBoundary=boundary, BucketVersioning="Enabled", AccessLogBucket="logs", AlarmEmail="a@b.c")
    used = {"Ref": "KmsKeyArn"}
    for name, entry in resources.items():
        properties = entry.get("Properties", {})
        if entry["Type"] == "AWS::IAM::Role":
            assert properties["PermissionsBoundary"] == {"Ref": "PermissionsBoundary"}, name
        elif entry["Type"] == "AWS::Logs::LogGroup":
            assert properties["KmsKeyId"] == used, name
        elif entry["Type"] in ("AWS::SQS::Queue", "AWS::SNS::Topic"):
            assert properties["KmsMasterKeyId"] == used and "SqsManagedSseEnabled" not in properties, name
    bucket = resources["Bucket"]["Properties"]
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": used}
    assert bucket["VersioningConfiguration"]["Status"] == {"Ref": "BucketVersioning"} and "LoggingConfiguration" in bucket
    assert "earlier-versions" in str(bucket["LifecycleConfiguration"])
    for role in "SubmitRole", "JobRole":
        assert "kms:GenerateDataKey" in str(resources[role])
    plain, _ = resolved(**IMAGE, AlarmEmail="a@b.c")
    for name in "Bucket", "InputQueue", "SubmitLogs", "AlarmTopic", "JobRole":
        assert "kms" not in str(plain[name]).lower().replace("kmskeyarn", ""), name
    assert "VersioningConfiguration" not in plain["Bucket"]["Properties"] and "PermissionsBoundary" not in plain["JobRole"]["Properties"]


def test_endpoints_are_named_as_in_their_partition():
    """China's differ, where they differ, and only for ECR: by AWS's lists of services."""
    endpoints = {name: entry["Properties"]["ServiceName"] for name, entry in TEMPLATE["Resources"].items()
                 if entry["Type"] == "AWS::EC2::VPCEndpoint"}
    special = {name: service["Fn::If"] for name, service in endpoints.items() if "Fn::If" in service}
    assert set(special) == {"EcrApiEndpoint", "EcrDockerEndpoint"}
    for condition, china, others in special.values():
        assert condition == "IsChina" and china["Fn::Sub"] == "cn." + others["Fn::Sub"]


# ── The scripts against moto ────────────────────────────────────────────────────────────────────────────────────────────

BUCKET = "ml-123456789012-eu-west-1"


@pytest.fixture
def cloud(tmp_path):
    with stack_cloud.cloud(tmp_path, "moto") as it:
        yield it


def image(cloud):
    return cloud.aws("lambda", "get-function", "--function-name", "ml-predict")["Code"]["ImageUri"]


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "own.onnx"
    path.write_bytes(b"a model")
    return path


def test_created_and_updated(cloud, model):
    done = cloud.script("install.sh", "--stack", "ml", "--model", model)
    assert done.returncode == 0, done.stderr
    assert BUCKET in done.stdout and "/predict" in done.stdout
    template, skipped = for_moto(STACK, IMAGE)
    assert cloud.held("ml") == set(template["Resources"])
    assert set(skipped.values()) == {  # a green stack in moto proves nothing about these; MiniStack has them
        "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Stage",
        "AWS::CloudWatch::Alarm", "AWS::Lambda::Alias", "AWS::Logs::MetricFilter", "AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"}

    first = image(cloud)
    assert "@sha256:" in first
    again = cloud.script("install.sh", "--stack", "ml")
    assert again.returncode == 0, again.stderr
    assert image(cloud) == first and "up to date" in again.stderr
    model.write_bytes(b"another model")
    newer = cloud.script("install.sh", "--stack", "ml")
    assert newer.returncode == 0, newer.stderr
    assert image(cloud) not in ("", first)
    check = cloud.script("doctor.sh", "--stack", "ml")
    for line in "stack ml: UPDATE_COMPLETE", "compute environment: enabled, valid", "job queue: enabled, valid", "jobs: none stuck":
        assert f"ok    {line}" in check.stdout, check.stdout + check.stderr


def test_removed_again(cloud, model):
    """In the account's own network: moto cannot delete a VPC that has route tables."""
    def ask(*words):
        return cloud("aws", "ec2", *words, "--output", "text").stdout.split()

    (vpc,) = ask("describe-vpcs", "--filters", "Name=is-default,Values=true", "--query", "Vpcs[].VpcId")
    subnets = ask("describe-subnets", "--filters", f"Name=vpc-id,Values={vpc}", "--query", "Subnets[].SubnetId")
    done = cloud.script("install.sh", "--stack", "ml", "--model", model, "--vpc", vpc, "--subnets", ",".join(subnets[:2]))
    assert done.returncode == 0, done.stderr
    assert "Vpc" not in cloud.held("ml") and "JobQueue" in cloud.held("ml")

    gone = cloud.script("uninstall.sh", "--stack", "ml", "--yes")
    assert gone.returncode == 0, gone.stderr
    assert cloud("aws", "cloudformation", "describe-stacks", "--stack-name", "ml").returncode != 0
    assert f"Kept: {BUCKET}" in gone.stderr and cloud("aws", "s3api", "head-bucket", "--bucket", BUCKET).returncode == 0

    cloud("aws", "s3api", "put-object", "--bucket", BUCKET, "--key", "output/left.ndjson")
    emptied = cloud.script("uninstall.sh", "--stack", "ml", "--yes", "--delete-bucket")
    assert emptied.returncode == 0, emptied.stderr
    assert cloud("aws", "s3api", "head-bucket", "--bucket", BUCKET).returncode != 0
