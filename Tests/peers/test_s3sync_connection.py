"""How s3sync reaches a service: TLS with a private CA, proxies, credentials of a container and of an instance."""

import subprocess

import pytest

from support.fault_server import fault_server
from support.loopback import Handler, serving
from support.s3_peers import environment
from support.tools import tool

S3SYNC = tool("s3sync")
KEYS = b'{"AccessKeyId":"AKROLE","SecretAccessKey":"S","Token":"TOKEN","Expiration":"2099-01-01T00:00:00Z"}'
NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


def sync(endpoint, *arguments, **extra):
    return subprocess.run([S3SYNC, *map(str, arguments)], capture_output=True, timeout=60, stdin=subprocess.DEVNULL,
                          env=environment(endpoint, **extra))


@pytest.fixture
def certificates(tmp_path):
    """A CA of our own, and a certificate for 127.0.0.1 by it."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj",
            "/CN=test CA")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    (tmp_path / "ext").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
            "server.pem", "-days", "2", "-extfile", "ext")
    return tmp_path


def test_tls_with_a_private_ca(certificates):
    with fault_server(tls=(certificates / "server.pem", certificates / "server.key")) as server:
        server.put("bucket", "k", b"over TLS")
        done = sync(server.endpoint, "s3://bucket/k", "-", AWS_CA_BUNDLE=str(certificates / "ca.pem"))
        assert (done.returncode, done.stdout) == (0, b"over TLS"), done.stderr
        server.requests.clear()
        refused = sync(server.endpoint, "s3://bucket/k", "-", AWS_MAX_ATTEMPTS="2")
        assert refused.returncode == 69 and server.requests == [], "an unknown CA is not trusted"
        upload = subprocess.run([S3SYNC, "-", "s3://bucket/up"], input=b"x", capture_output=True,
                                env=environment(server.endpoint, AWS_CA_BUNDLE=str(certificates / "ca.pem")))
        assert upload.returncode == 0
        assert server.asked("PUT")[0].headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"


class Answers(Handler):
    """Instance metadata and a container endpoint; as a proxy it counts."""

    seen = []

    def do_PUT(self):
        self.answer(b"METADATATOKEN")

    def do_GET(self):
        self.answer(b"role" if self.path.endswith("security-credentials/") else KEYS)

    def answer(self, body):
        self.seen.append((self.path, {n.lower(): v for n, v in self.headers.items()}))
        super().answer(body)


@pytest.fixture
def answers():
    Answers.seen = []
    with serving(Answers) as endpoint:
        yield endpoint


@pytest.mark.parametrize("source", ["container", "instance"])
def test_credentials_from_the_host_go_past_the_proxy(answers, source, tmp_path):
    token = tmp_path / "token"
    token.write_text("CONTAINERTOKEN\n")
    variables = {
        "container": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": answers + "/creds",
                      "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)},
        "instance": {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": answers},
    }[source]
    with fault_server() as server:
        server.put("bucket", "k", b"v")
        # A proxy without a listener: every request through it fails.
        done = sync(server.endpoint, "s3://bucket/k", "-", **NO_KEYS, **variables, http_proxy="http://127.0.0.1:1",
                    no_proxy="", AWS_MAX_ATTEMPTS="2")
        assert done.returncode == 75, "S3 itself goes through the proxy"
        assert Answers.seen, "the credentials did not"
        done = sync(server.endpoint, "s3://bucket/k", "-", **NO_KEYS, **variables)
        assert (done.returncode, done.stdout) == (0, b"v"), done.stderr
        assert "Credential=AKROLE/" in server.requests[0].headers["authorization"]
        assert server.requests[0].headers["x-amz-security-token"] == "TOKEN"
    if source == "container":
        assert Answers.seen[0][1]["authorization"] == "CONTAINERTOKEN"


class ForwardProxy(Handler):
    """Takes absolute URIs, as a proxy does, and answers for S3."""

    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        self.answer(b"by proxy!", etag='"x"')

    def do_HEAD(self):
        self.answer(b"by proxy!")


@pytest.fixture
def proxy():
    ForwardProxy.asked = []
    with serving(ForwardProxy) as endpoint:
        yield endpoint


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("exception", [None, "no_proxy", "NO_PROXY"])
def test_proxies_of_the_environment(proxy, variable, exception):
    with fault_server() as server:
        server.put("bucket", "k", b"direct")
        variables = {variable: proxy, **({exception: "localhost,127.0.0.1"} if exception else {})}
        done = subprocess.run([S3SYNC, "--files-from", "-", "-"], input=b"s3://bucket/k\n", capture_output=True, timeout=60,
                              env=environment(server.endpoint, **variables))
        assert done.returncode == 0, done.stderr
        assert (b"direct" if exception else b"by proxy!") in done.stdout
        assert len(server.requests) == (2 if exception else 0)
        assert ForwardProxy.asked == ([] if exception else [f"{server.endpoint}/bucket/k"])


def test_a_variable_that_a_cgi_client_may_set_is_not_used_as_a_proxy(proxy):
    with fault_server() as server:
        server.put("bucket", "k", b"direct")
        done = sync(server.endpoint, "s3://bucket/k", "-", HTTP_PROXY=proxy, REQUEST_METHOD="GET")
        assert (done.returncode, done.stdout) == (0, b"direct") and ForwardProxy.asked == []


def test_requester_pays_is_on_every_request():
    with fault_server() as server:
        server.put("bucket", "in/k", b"v")
        assert sync(server.endpoint, "--requester-pays", "s3://bucket/in/", "-").returncode == 0
        assert all(a.headers.get("x-amz-request-payer") == "requester" for a in server.requests)


def test_verbose_tells_every_request_and_no_secret(answers, tmp_path):
    with fault_server() as server:
        for index in range(3):
            server.put("bucket", f"in/{index}", b"v")
        server.page_size = 2
        server.fault = lambda a: ("status", 503, "SlowDown") if a.key == "in/1" and a.times == 1 else (
            ("reset",) if a.key == "in/2" and a.times == 1 else None)
        done = sync(server.endpoint, "--verbose", "s3://bucket/in/", tmp_path / "out", **NO_KEYS,
                    AWS_CONTAINER_CREDENTIALS_FULL_URI=answers + "/v2/PATHSECRET?id=QUERYSECRET",
                    AWS_CONTAINER_AUTHORIZATION_TOKEN="CONTAINERTOKEN")
        assert done.returncode == 0, done.stderr
        lines = done.stderr.decode().splitlines()
        assert all(line.startswith("s3sync: ") for line in lines)
        assert sum(f"GET {server.endpoint}/bucket/in/" in line for line in lines) == 5 + 2, "five attempts, two retries"
        assert sum(": 503, " in line for line in lines) == 1
        assert sum("attempt 2 in " in line for line in lines) == 2
        assert sum("the connection broke" in line for line in lines) == 1
        assert sum("list-type=2" in line and "prefix=in%2F" in line and " ms" in line for line in lines) == 2
        assert any("continuation-token=…" in line for line in lines)
        assert any(f"GET {answers}/…: 200" in line for line in lines), "the path of an endpoint of the host is left out"
        output = done.stderr + done.stdout
        for secret in (b"PATHSECRET", b"QUERYSECRET", b"CONTAINERTOKEN", b"TOKEN", b"Signature", b"uthorization", b"AKROLE"):
            assert secret not in output, secret


def test_no_credentials_at_all():
    with fault_server() as server:
        done = sync(server.endpoint, "s3://bucket/k", "-", **NO_KEYS)
        assert done.returncode == 78 and b"no credentials" in done.stderr
