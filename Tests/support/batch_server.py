"""AWS Batch, CloudWatch Logs and an S3 bucket in one small server that answers as a test configures it.

moto ends every job at once and never refuses anything; this one can be slow, throttled, broken and stuck.
"""

import contextlib
import http.server
import json
import threading
import time
import uuid


class BatchServer:
    """What the server holds, and how it is to answer. `faults` maps an operation to answers that are given first:
    an HTTP status, a tuple (status, error code), or "reset" for a connection that breaks."""

    def __init__(self):
        self.objects = {}
        self.puts = []
        self.jobs = {}
        self.submitted = []
        self.submission_times = []
        self.terminated = []
        self.logs = {}
        self.faults = {}
        self.calls = []
        self.requests = []
        self.states = lambda job, asked: "SUCCEEDED"
        self.lock = threading.Lock()

    def next_fault(self, operation):
        with self.lock:
            queue = self.faults.get(operation) or []
            return queue.pop(0) if queue else None

    def submitjob(self, request):
        job = str(uuid.uuid4())
        self.jobs[job] = {"request": request, "asked": 0}
        self.submitted.append(request)
        self.submission_times.append(time.monotonic())
        return {"jobId": job, "jobName": request["jobName"], "jobArn": "arn:" + job}

    def describejobs(self, request):
        assert 0 < len(request["jobs"]) <= 100
        found = []
        for id in request["jobs"]:
            job = self.jobs.get(id)
            if job is None:
                continue
            state = self.states(id, job["asked"])
            job["asked"] += 1
            detail = {"jobId": id, "jobName": job["request"]["jobName"]}
            detail.update(state if isinstance(state, dict) else {"status": state})
            found.append(detail)
        return {"jobs": found}

    def listjobs(self, request):
        children = [id for id in self.jobs if id.startswith(request["arrayJobId"] + ":")]
        return {"jobSummaryList": [{"jobId": id} for id in children[: request["maxResults"]]]}

    def terminatejob(self, request):
        self.terminated.append(request["jobId"])
        return {}

    def getlogevents(self, request):
        lines = self.logs[request["logGroupName"], request["logStreamName"]]
        return {"events": [{"message": line} for line in lines[-request["limit"] :]]}


def handler(state):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def answer(self, status, body=b"", headers=()):
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def refused(self, operation):
            """Whether a fault was answered instead."""
            fault = state.next_fault(operation)
            if fault is None:
                return False
            if fault == "reset":
                self.close_connection = True
                self.connection.close()
                return True
            status, code = fault if isinstance(fault, tuple) else (fault, "TooManyRequestsException")
            body = json.dumps({"message": "injected fault"}).encode()
            self.answer(status, body, [("x-amzn-errortype", code)])
            return True

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            operation = self.path.rsplit("/", 1)[-1] or self.headers["x-amz-target"].rsplit(".", 1)[-1].lower()
            with state.lock:
                state.calls.append(operation)
                state.requests.append((self.path, dict(self.headers.items()), body))
            if not self.refused(operation):
                with state.lock:
                    result = getattr(state, operation)(json.loads(body))
                self.answer(200, json.dumps(result).encode())

        def do_PUT(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.refused("put"):
                return
            with state.lock:
                state.puts.append(self.path)
                exists = self.path in state.objects
                if not (exists and self.headers.get("if-none-match")):
                    state.objects[self.path] = body
            if exists and self.headers.get("if-none-match"):
                self.answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            else:
                self.answer(200, headers=[("etag", '"0"')])

        def do_GET(self):
            if self.refused("get"):
                return
            body = state.objects.get(self.path)
            if body is None:
                self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            else:
                self.answer(200, body, [("etag", '"0"')])

    return Handler


@contextlib.contextmanager
def batch_server():
    """Gives a running server's state, and the environment that leads a tool to it."""
    state = BatchServer()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(state))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.environment = aws_environment(f"http://127.0.0.1:{server.server_port}")
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def aws_environment(endpoint):
    """What a tool's environment needs to talk to a local server, and to nothing else."""
    return {
        "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "no_proxy": "127.0.0.1", "JOB_QUEUE": "queue",
        "JOB_DEFINITION": "definition", "OUTPUT_PREFIX": "s3://photos/output", "MANIFEST_PREFIX": "s3://photos/manifests",
    }
