"""An account in moto's server with a bucket, a job queue and a job definition."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import boto3
from support.batch_server import aws_environment

BUCKET = "photos"


class Account:
    def __init__(self, endpoint):
        self.environment = {**aws_environment(endpoint), "JOB_QUEUE": "queue", "JOB_DEFINITION": "classify"}
        keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
        self.s3, self.batch, self.sqs, self.iam = (
            boto3.client(name, endpoint_url=endpoint, **keys) for name in ("s3", "batch", "sqs", "iam"))
        self.s3.create_bucket(Bucket=BUCKET)
        role = self.iam.create_role(RoleName="batch", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        self.batch.create_compute_environment(
            computeEnvironmentName="fargate", type="UNMANAGED", state="ENABLED", serviceRole=role)
        self.batch.create_job_queue(
            jobQueueName="queue", state="ENABLED", priority=1,
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "fargate"}])
        self.batch.register_job_definition(
            jobDefinitionName="classify", type="container",
            containerProperties={"image": "classify", "vcpus": 1, "memory": 2048})

    def jobs(self, ids):
        """What Batch knows of the jobs, in the order asked for."""
        found = {job["jobId"]: job for job in self.batch.describe_jobs(jobs=ids)["jobs"]}
        return [found[id] for id in ids]

    def keys(self, prefix):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def text(self, key):
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()


@contextlib.contextmanager
def account(**environment):
    """Starts moto's server on loopback and gives an `Account` in it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], env={**os.environ, **environment},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        endpoint = f"http://127.0.0.1:{port}"
        configure(endpoint)
        yield Account(endpoint)
    finally:
        server.kill()
        server.wait()


def configure(endpoint):
    """Waits for the server and configures it to run no containers: every job then succeeds at once."""
    request = urllib.request.Request(
        endpoint + "/moto-api/config", json.dumps({"batch": {"use_docker": False}}).encode(),
        {"content-type": "application/json"})
    for _ in range(300):
        try:
            urllib.request.urlopen(request, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("moto's server does not answer")
