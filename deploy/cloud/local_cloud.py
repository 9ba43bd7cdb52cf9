"""The whole cloud on one machine: `local_cloud.py [--serve] [--port N] --folder PARENT JPEG…`; called by demo-cloud.sh.

moto's server stands for S3, SQS, Batch and CloudFormation, AWS's runtime interface emulator for Lambda, gateway.py for API
Gateway, and event_source.py and batch_runner.py for what moves between them. The tools, their entrypoints and stack.yaml are
the real ones. Predictions go to stdout, everything else to stderr. Each run makes a folder of its own below PARENT and
removes that one alone. Status: 0 done, 64 usage error, 65 a photograph cannot be read, 69 something did not start or ended.
"""

import argparse
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import boto3
import botocore.exceptions
from batch_runner import BatchRunner
from event_source import EventSource
from function import Function
from gateway import Gateway
from moto_template import for_moto
from processes import EndedError, Processes, free_port, wait_for_port

DEPLOY = pathlib.Path(__file__).resolve().parent.parent
REGION, STACK = "eu-west-1", "MLServerlessStack"
IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/ml-serverless@sha256:" + "0" * 64
# The event source mapping is event_source.py's work; moto would run the function in Docker.
OURS = ["AWS::Lambda::EventSourceMapping"]


def say(text):
    print(text, file=sys.stderr, flush=True)


class LocalCloud:
    """The stack, created in moto, and its two functions; everything is `processes`' to end."""

    def __init__(self, processes, folder):
        self.folder, self.processes = folder, processes
        endpoint = self._start_moto(processes)
        # What a container would have from its role and from Batch.
        self.environment = {
            "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local", "AWS_EC2_METADATA_DISABLED": "true"}
        os.environ.update(self.environment)
        self.client = {name: boto3.client(name) for name in ("s3", "sqs", "batch", "cloudformation", "lambda")}
        self.outputs = self._create_stack()
        self.bucket = self.outputs["bucket"]
        entrypoint = DEPLOY / "image-entrypoint.sh"
        submit = self.client["lambda"].get_function_configuration(FunctionName=self.outputs["submitFunction"])
        self.submit = Function(
            processes, self.folder, "submit", [entrypoint, "submit"], timeout=submit["Timeout"],
            env={**self.environment, **submit["Environment"]["Variables"]})
        self.predict = Function(
            processes, self.folder, "predict", [entrypoint, "predict"], env={"PAGE": str(DEPLOY / "page.html")})
        queue = self.outputs["inputQueue"]
        arn = f"arn:aws:sqs:{REGION}:123456789012:{queue.rsplit('/', 1)[1]}"
        self.uploads = EventSource(self.client["sqs"], queue, arn, self.submit)
        self.jobs = BatchRunner(
            self.client["batch"], self.outputs["jobQueue"], entrypoint, self.folder / "batch.log",
            {**self.environment, "CLASSIFY_MODEL": os.environ["CLASSIFY_MODEL"]})

    def _start_moto(self, processes):
        port = free_port()
        server = processes.start(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port], self.folder / "moto.log")
        wait_for_port(port, server)
        endpoint = f"http://127.0.0.1:{port}"
        settings = json.dumps({"batch": {"use_docker": False}}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/config", settings, method="POST")).close()
        return endpoint

    def _create_stack(self):
        template, skipped = for_moto(DEPLOY / "stack.yaml", {"ImageUri": IMAGE}, leave_out=OURS)
        say(f"stack.yaml: {len(template['Resources'])} resources created; types that moto has no model for: "
            + ", ".join(sorted(set(skipped.values()) - set(OURS))))
        cloudformation = self.client["cloudformation"]
        cloudformation.create_stack(
            StackName=STACK, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": "ImageUri", "ParameterValue": IMAGE}])
        stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        if stack["StackStatus"] != "CREATE_COMPLETE":
            raise EndedError(f"the stack is {stack['StackStatus']}: see {self.folder}/moto.log")
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        # moto drops the bucket's notification; it is set again, as the template has it.
        (wanted,) = template["Resources"]["Bucket"]["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
        queue = outputs["inputQueue"].rsplit("/", 1)[1]
        self.client["s3"].put_bucket_notification_configuration(
            Bucket=outputs["bucket"], NotificationConfiguration={"QueueConfigurations": [{
                "QueueArn": f"arn:aws:sqs:{REGION}:123456789012:{queue}", "Events": [wanted["Event"]],
                "Filter": {"Key": {"FilterRules": wanted["Filter"]["S3Key"]["Rules"]}}}]})
        return outputs

    def upload(self, photos):
        """Puts files below input/, with s3sync."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            for photo in photos:
                shutil.copy(photo, folder)
            subprocess.run(
                ["s3sync", "--quiet", f"{folder}/", f"s3://{self.bucket}/input/"], check=True, stdout=sys.stderr)

    def work(self):
        """Does what uploads and jobs are waiting; whether there was anything."""
        messages, failed = self.uploads.step()
        if messages:
            say(f"submit: {messages} event messages" + (f", {len(failed)} returned to the queue" if failed else ""))
        results = self.jobs.step()
        for name, children, bad in results:
            say(f"batch: {name}: {children} child(ren), {bad} failed")
            if bad:
                raise EndedError(f"children of {name} failed: see {self.folder}/batch.log")
        return bool(messages or results)

    def results(self):
        """The lines of all parts below output/, with s3sync."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            subprocess.run(
                ["s3sync", "--quiet", f"s3://{self.bucket}/output/", f"{folder}/"], check=True, stdout=sys.stderr)
            return [line for part in sorted(pathlib.Path(folder).rglob("*.ndjson")) for line in part.read_text().splitlines()]


def classify(cloud, photos, url):
    """The photographs through the bucket and Batch, then the first of them by HTTP."""
    say(f"batch: {len(photos)} photos to s3://{cloud.bucket}/input/")
    cloud.upload(photos)
    while cloud.work():
        cloud.processes.check()
    for line in cloud.results():
        print(line, flush=True)
    say(f"real time: curl --data-binary @{photos[0].name} {url}/predict")
    request = urllib.request.Request(f"{url}/predict", photos[0].read_bytes(), {"content-type": "image/jpeg"})
    with urllib.request.urlopen(request) as answer:
        print(answer.read().decode().strip(), flush=True)


def serve(cloud, url):
    """Works until a signal comes, or until a server ends by itself."""
    say(f"""It stays up until Ctrl-C.
  page    {url}/
  call    curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' {url}/predict
  batch   AWS_ENDPOINT_URL={cloud.environment['AWS_ENDPOINT_URL']} AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x \\
          AWS_REGION={REGION} s3sync photos/ s3://{cloud.bucket}/input/      (then look below output/)
  logs    {cloud.folder}""")
    while True:
        cloud.processes.check()
        if not cloud.work():
            time.sleep(1)


def run(options):
    try:
        gateway = Gateway(options.port, None)
    except OSError as error:
        # Reported before anything is started.
        raise EndedError(f"port {options.port} is not free ({error.strerror}): use --port with another") from None
    options.folder.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=options.folder))
    os.environ["PATH"] = f"{DEPLOY}:{os.environ['PATH']}"
    keep = True
    try:
        with Processes() as processes:
            say("starting moto, the emulator and the stack …")
            try:
                cloud = LocalCloud(processes, folder)
                gateway.function = cloud.predict
                threading.Thread(target=gateway.serve_forever, daemon=True).start()
                url = f"http://127.0.0.1:{gateway.server_address[1]}"
                if options.photos:
                    classify(cloud, options.photos, url)
                if options.serve:
                    serve(cloud, url)
            except KeyboardInterrupt:
                keep = False
                raise
            except Exception:
                # A call that failed because its server has ended is reported as that.
                processes.check()
                raise
            keep = False
    finally:
        if keep:
            say(f"the logs are in {folder}")
        else:
            shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("photos", nargs="*", type=pathlib.Path)
    try:
        options = parser.parse_args()
    except SystemExit as end:
        return 64 if end.code else 0
    if not 0 <= options.port <= 65535:
        say(f"local_cloud.py: --port {options.port}: 0 to 65535")
        return 64
    for photo in options.photos:
        if not photo.is_file() or not os.access(photo, os.R_OK):
            say(f"local_cloud.py: {photo}: cannot be read")
            return 65
    try:
        run(options)
    except KeyboardInterrupt:
        return 130
    except urllib.error.HTTPError as error:
        say(f"local_cloud.py: {error.url}: status {error.code}: {error.read().decode('utf-8', 'replace').strip()}")
        return 69
    except subprocess.CalledProcessError as error:
        say(f"local_cloud.py: {pathlib.Path(str(error.cmd[0])).name} has failed with status {error.returncode}")
        return 69
    except (EndedError, OSError, http.client.HTTPException, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        say(f"local_cloud.py: {error}")
        return 69
    return 0


if __name__ == "__main__":
    sys.exit(main())
