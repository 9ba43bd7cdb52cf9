"""What requests need of IAM, and whether a role's statements give it: a recording proxy and an evaluator of policies.

The evaluator knows what stack.yaml uses: Allow statements, actions and resources with `*`, and StringLike and
StringEquals on `s3:prefix`; anything else is an error rather than a guess.
"""

import fnmatch
import http.client
import http.server
import re
import threading
import urllib.parse


class Recorder:
    """A proxy that passes everything on and keeps (method, path, query) of every request and the answer's status."""

    def __init__(self, target):
        self.requests = []
        host = target.removeprefix("http://")
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                connection = http.client.HTTPConnection(host, timeout=60)
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                data = answer.read()
                path, _, query = self.path.partition("?")
                recorder.requests.append(
                    (self.command, urllib.parse.unquote(path), urllib.parse.parse_qs(query, True), answer.status))
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                        self.send_header(name, value)
                length = answer.getheader("content-length") if self.command == "HEAD" else len(data)
                self.send_header("content-length", str(length))
                self.end_headers()
                self.wfile.write(data)
                connection.close()

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = pass_on

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()


def needed(method, path, query, queue, definition):
    """The (action, resource, context) pairs that a request needs.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html"""
    if path == "/v1/submitjob":
        return [("batch:SubmitJob", queue, {}), ("batch:SubmitJob", definition, {})]
    bucket, _, key = path.removeprefix("/").partition("/")
    arn = f"arn:aws:s3:::{bucket}"
    if not key:
        if method == "GET" and "location" in query:
            return [("s3:GetBucketLocation", arn, {})]
        if method == "HEAD" or (method == "GET" and "list-type" in query):
            return [("s3:ListBucket", arn, {"s3:prefix": query["prefix"][0]} if "prefix" in query else {})]
    elif method in ("GET", "HEAD"):
        return [("s3:GetObjectVersion" if "versionId" in query else "s3:GetObject", f"{arn}/{key}", {})]
    elif method == "PUT" or (method == "POST" and {"uploads", "uploadId"} & query.keys()):
        return [("s3:PutObject", f"{arn}/{key}", {})]
    elif method == "DELETE" and "uploadId" in query:
        return [("s3:AbortMultipartUpload", f"{arn}/{key}", {})]
    raise AssertionError(f"no role is meant to ask {method} {path} {query}")


def allows(statements, action, resource, context):
    """The Sid of the statement that allows it, or None."""
    for statement in statements:
        assert statement["Effect"] == "Allow" and not {"NotAction", "NotResource"} & statement.keys()
        if (any(_like(action, pattern) for pattern in _list(statement["Action"]))
                and any(_like(resource, pattern) for pattern in _list(statement["Resource"]))
                and _holds(statement.get("Condition", {}), context)):
            return statement["Sid"]
    return None


def _holds(condition, context):
    for operator, keys in condition.items():
        assert operator in ("StringLike", "StringEquals"), operator
        for key, patterns in keys.items():
            value = context.get(key)
            if value is None or not any(_like(value, pattern) for pattern in _list(patterns)):
                return False
    return True


def _like(text, pattern):
    """`*` and `?` are all that a policy's pattern has."""
    return re.fullmatch(fnmatch.translate(pattern.replace("[", "[[]")), text) is not None


def _list(value):
    return value if isinstance(value, list) else [value]
