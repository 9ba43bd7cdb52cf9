"""The stack's life in MiniStack, by the real scripts and the real AWS CLI: created, updated, failed and rolled back, kept,
imported, a second stack in the same account, and deleted. MiniStack has API Gateway, alarms, policies and IMPORT change sets,
which moto leaves out; it has no Batch in CloudFormation."""

import json

import pytest

from support import stack_cloud
from support.tools import ROOT

BUCKET = "ml-serverless-bucket-123456789012-eu-west-1"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with stack_cloud.cloud(tmp_path_factory.mktemp("ministack"), "ministack") as it:
        # MiniStack says InvalidInput for the two roles that AWS creates for its own services.
        for service in "batch", "ecs":
            it("aws", "iam", "create-service-linked-role", "--aws-service-name", f"{service}.amazonaws.com")
        yield it


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "own.onnx"
    path.write_bytes(b"a model")
    return path


def alias(cloud, stack):
    """The version that the API calls, and that version's image."""
    version = cloud.aws("lambda", "get-alias", "--function-name", f"{stack}-predict", "--name", "live")["FunctionVersion"]
    code = cloud.aws("lambda", "get-function", "--function-name", f"{stack}-predict", "--qualifier", version)["Code"]
    return version, code["ImageUri"]


def install(cloud, *options, status=0):
    done = cloud.script("install.sh", *options)
    assert done.returncode == status, done.stderr
    return done


# The tests follow one stack, in this order.


def test_created(cloud, model):
    done = install(cloud, "--model", model, "--tags", "team=vision", "--alarm-email", "a@example.com")
    assert BUCKET in done.stdout
    held = cloud.held("MLServerlessStack")
    assert {"HttpApi", "PredictAlias", "DeadLetterAlarm", "BucketPolicy", "InputQueuePolicy", "SubmitFailures", "AlarmTopic"} <= held
    version, image = alias(cloud, "MLServerlessStack")
    assert version == "1" and "@sha256:" in image
    assert {"Key": "team", "Value": "vision"} in cloud.stack("MLServerlessStack")["Tags"]


def test_the_api_reaches_the_alias(cloud):
    (api,) = cloud.aws("apigatewayv2", "get-apis")["Items"]
    (integration,) = cloud.aws("apigatewayv2", "get-integrations", "--api-id", api["ApiId"])["Items"]
    assert integration["IntegrationUri"].endswith(":function:MLServerlessStack-predict:live")
    routes = cloud.aws("apigatewayv2", "get-routes", "--api-id", api["ApiId"])["Items"]
    assert {route["RouteKey"] for route in routes} == {"POST /predict", "GET /", "GET /health"}


def test_updated_without_a_new_image(cloud):
    before = alias(cloud, "MLServerlessStack")
    done = install(cloud, "--lambda-memory", "1769", "--auth", "jwt", "--jwt-issuer", "https://issuer.example", "--jwt-audience", "app")
    assert "the image is up to date" in done.stderr
    version, image = alias(cloud, "MLServerlessStack")
    # Settings are part of a version, so that the new memory needs one.
    assert image == before[1] and int(version) > int(before[0])
    memory = cloud.aws("lambda", "get-function-configuration", "--function-name", "MLServerlessStack-predict", "--qualifier", version)
    assert memory["MemorySize"] == 1769
    (api,) = cloud.aws("apigatewayv2", "get-apis")["Items"]
    routes = cloud.aws("apigatewayv2", "get-routes", "--api-id", api["ApiId"])["Items"]
    assert {route["AuthorizationType"] for route in routes} == {"JWT"}
    assert {"Key": "team", "Value": "vision"} in cloud.stack("MLServerlessStack")["Tags"]


def test_nothing_to_update(cloud):
    before = alias(cloud, "MLServerlessStack")
    install(cloud)
    assert alias(cloud, "MLServerlessStack") == before


def test_image_that_does_not_answer_never_goes_live(cloud, model):
    before = alias(cloud, "MLServerlessStack")
    model.write_bytes(b"a broken model")
    (cloud.folder / "broken").touch()
    try:
        done = install(cloud, status=69)
    finally:
        (cloud.folder / "broken").unlink()
    assert f"the API is still on version {before[0]}" in done.stderr.splitlines()[-1]
    assert alias(cloud, "MLServerlessStack") == before
    # What batch children and the next version would run is the image before, too.
    assert cloud.parameters("MLServerlessStack")["ImageUri"] == before[1]
    assert cloud.stack("MLServerlessStack")["StackStatus"] == "UPDATE_COMPLETE"


def test_change_that_fails_is_rolled_back_and_explained(cloud):
    before = alias(cloud, "MLServerlessStack"), cloud.parameters("MLServerlessStack")
    done = install(cloud, "--access-log", "s3://no-such-bucket-here/x", status=69)
    assert "no bucket no-such-bucket-here" in done.stderr and "nothing was changed" in done.stderr
    # A role that may not be had is found out by CloudFormation alone.
    failed = install(cloud, "--lambda-memory", "10241", status=69)
    assert "could not be changed" in failed.stderr
    assert (alias(cloud, "MLServerlessStack"), cloud.parameters("MLServerlessStack")) == before
    assert cloud.stack("MLServerlessStack")["StackStatus"] in ("UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


def test_second_stack_has_its_own_bucket(cloud, model):
    install(cloud, "--stack", "Second", "--model", model)
    bucket = cloud.outputs("Second")["bucket"]
    assert bucket.startswith("second-") and bucket != BUCKET
    refused = install(cloud, "--stack", "third", "--bucket", bucket, "--model", model, status=69)
    # MiniStack does not find a stack by what it holds, and so refuses only the import.
    assert "could not be imported" in refused.stderr
    gone = cloud.script("uninstall.sh", "--stack", "Second", "--yes", "--delete-bucket")
    assert gone.returncode == 0, gone.stderr
    assert cloud("aws", "s3api", "head-bucket", "--bucket", bucket).returncode != 0
    assert cloud("aws", "s3api", "head-bucket", "--bucket", BUCKET).returncode == 0


def test_kept_and_imported(cloud, model):
    photo = ROOT / "deploy" / "photo.jpg"
    cloud.aws("s3api", "put-object", "--bucket", BUCKET, "--key", "output/kept.jpg", "--body", str(photo))
    gone = cloud.script("uninstall.sh", "--yes")
    assert gone.returncode == 0 and f"Kept: {BUCKET}" in gone.stderr, gone.stderr
    assert cloud("aws", "cloudformation", "describe-stacks", "--stack-name", "MLServerlessStack").returncode != 0

    dry = install(cloud, "--dry-run", "--model", model)
    assert f"would import the kept bucket {BUCKET}" in dry.stderr and "Import\t\tBucket\tAWS::S3::Bucket" in dry.stdout
    assert cloud("aws", "cloudformation", "describe-stacks", "--stack-name", "MLServerlessStack").returncode != 0

    done = install(cloud, "--model", model)
    assert f"importing {BUCKET}" in done.stderr
    events = cloud.aws("cloudformation", "describe-stack-events", "--stack-name", "MLServerlessStack")["StackEvents"]
    assert "IMPORT_COMPLETE" in {event["ResourceStatus"] for event in events if event["LogicalResourceId"] == "Bucket"}
    assert cloud("aws", "s3api", "head-object", "--bucket", BUCKET, "--key", "output/kept.jpg").returncode == 0
    # It is a resource like the others now, with all that the template says of it.
    notified = cloud.aws("s3api", "get-bucket-notification-configuration", "--bucket", BUCKET)
    assert notified["QueueConfigurations"][0]["Events"] == ["s3:ObjectCreated:*"]
    assert "TLSOnly" in json.dumps(cloud.aws("s3api", "get-bucket-policy", "--bucket", BUCKET))


def test_deleted_with_its_bucket(cloud):
    gone = cloud.script("uninstall.sh", "--yes", "--delete-bucket")
    assert gone.returncode == 0, gone.stderr
    assert cloud("aws", "s3api", "head-bucket", "--bucket", BUCKET).returncode != 0
    assert cloud.aws("apigatewayv2", "get-apis")["Items"] == []
    assert cloud.aws("cloudwatch", "describe-alarms")["MetricAlarms"] == []
