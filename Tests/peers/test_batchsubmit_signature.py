"""The calls of Batch and CloudWatch Logs are signed as botocore signs the same requests."""

import re

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from support.batch_server import batch_server
from support.tools import run, tool


def signature(endpoint, path, headers, body, service):
    """Botocore's signature of the request as it arrived."""
    headers = {name.lower(): value for name, value in headers.items()}
    signed = re.search(r"SignedHeaders=([^,]+)", headers["authorization"])[1].split(";")
    # Host, time and type of the body are what a replayed or altered request would change.
    assert {"host", "x-amz-date", "content-type"} <= set(signed)
    request = botocore.awsrequest.AWSRequest(
        method="POST", url=endpoint + path, data=body, headers={name: headers[name] for name in signed})
    request.context["timestamp"] = headers["x-amz-date"]
    credentials = botocore.credentials.Credentials("AKIDEXAMPLE", "secret")
    signer = botocore.auth.SigV4Auth(credentials, service, "us-east-1")
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return signer.signature(text, request)


def test_signatures_are_botocores():
    with batch_server() as batch:
        batch.states = lambda job, asked: {
            "status": "FAILED", "container": {"exitCode": 1, "logStreamName": "stream"}}
        batch.logs["/aws/batch/job", "stream"] = ["é"]
        result = run([tool("batchsubmit"), "--wait", "--tag", "team=é猫"], stdin="s3://photos/é +.jpg\n".encode(),
                     env=batch.environment)
        assert result.returncode == 69 and "log: é" in result.stderr.decode()
        assert batch.calls == ["submitjob", "describejobs", "getlogevents"]
        for operation, (path, headers, body) in zip(batch.calls, batch.requests):
            service = "logs" if operation == "getlogevents" else "batch"
            ours = headers["authorization"].rsplit("Signature=", 1)[1]
            assert ours == signature(batch.environment["AWS_ENDPOINT_URL"], path, headers, body, service)
            assert f"/us-east-1/{service}/aws4_request" in headers["authorization"]
