"""IAM Identity Center: an expired token is renewed through its refresh token, and the cache keeps what is new."""

import hashlib
import json
import os
import subprocess

import pytest

from support.fault_server import fault_server
from support.loopback import Handler, serving
from support.s3_peers import environment
from support.tools import tool

S3SYNC = tool("s3sync")
LONG_AGO, FAR = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"


class IdentityCenter(Handler):
    """`CreateToken` and `GetRoleCredentials`."""

    asked = []
    refuses = False

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append((self.path, body))
        if self.refuses:
            return self.answer(400, {"error": "invalid_grant", "error_description": "spent"})
        self.answer(200, {"accessToken": "NEWTOKEN", "expiresIn": 3600, "refreshToken": "NEWREFRESH",
                          "tokenType": "Bearer"})

    def do_GET(self):
        token = self.headers["x-amz-sso_bearer_token"]
        self.asked.append((self.path.partition("?")[0], token))
        keys = {"accessKeyId": "AKSSO", "secretAccessKey": "SECRETSSO", "sessionToken": "SESSIONSSO",
                "expiration": 4070908800000}
        good = token in ("NEWTOKEN", "OLDTOKEN")
        self.answer(200 if good else 401, {"roleCredentials": keys} if good else {"message": "no"})

    def answer(self, status, document):
        super().answer(json.dumps(document).encode(), status, content_type="application/json")


@pytest.fixture
def center():
    IdentityCenter.asked, IdentityCenter.refuses = [], False
    with serving(IdentityCenter) as endpoint:
        yield endpoint


@pytest.fixture
def home(tmp_path):
    (tmp_path / ".aws/sso/cache").mkdir(parents=True)
    (tmp_path / ".aws/config").write_text("""
[profile work]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = reader
[sso-session corp]
sso_start_url = https://corp.example/start
sso_region = eu-central-1
""")
    return tmp_path


def cache(home):
    return home / ".aws/sso/cache" / (hashlib.sha1(b"corp").hexdigest() + ".json")


def login(home, **members):
    """What `aws sso login` leaves."""
    document = {"startUrl": "https://corp.example/start", "region": "eu-central-1", "accessToken": "OLDTOKEN",
                "expiresAt": LONG_AGO, "clientId": "CLIENT", "clientSecret": "CLIENTSECRET",
                "registrationExpiresAt": FAR, "refreshToken": "OLDREFRESH", **members}
    cache(home).write_text(json.dumps({n: v for n, v in document.items() if v is not None}))


def fetch(center, home, *flags):
    with fault_server() as server:
        server.put("bucket", "k", b"v")
        extra = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": str(home), "AWS_ENDPOINT_URL_SSO": center,
                 "AWS_ENDPOINT_URL_SSO_OIDC": center, "AWS_MAX_ATTEMPTS": "1"}
        return subprocess.run([S3SYNC, *flags, "--profile", "work", "s3://bucket/k", "-"], capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL, env=environment(server.endpoint, **extra))


def test_an_expired_token_is_renewed_and_kept(center, home):
    login(home)
    done = fetch(center, home)
    assert (done.returncode, done.stdout) == (0, b"v"), done.stderr
    assert IdentityCenter.asked == [
        ("/token", {"clientId": "CLIENT", "clientSecret": "CLIENTSECRET", "grantType": "refresh_token",
                    "refreshToken": "OLDREFRESH"}),
        ("/federation/credentials", "NEWTOKEN"),
    ]
    kept = json.loads(cache(home).read_text())
    assert kept["accessToken"] == "NEWTOKEN" and kept["refreshToken"] == "NEWREFRESH" and kept["expiresAt"] > "2026"
    assert kept["startUrl"] == "https://corp.example/start" and kept["clientSecret"] == "CLIENTSECRET"
    assert cache(home).stat().st_mode & 0o777 == 0o600
    assert os.listdir(cache(home).parent) == [cache(home).name], "nothing half-written is left"
    IdentityCenter.asked.clear()
    assert fetch(center, home).returncode == 0
    assert [path for path, _ in IdentityCenter.asked] == ["/federation/credentials"], "the next run needs no renewal"


@pytest.mark.parametrize("missing", ["refreshToken", "clientSecret", "registration"])
def test_a_token_that_cannot_be_renewed_asks_for_a_login(center, home, missing):
    login(home, **({"registrationExpiresAt": LONG_AGO} if missing == "registration" else {missing: None}))
    done = fetch(center, home)
    assert done.returncode == 77 and b"aws sso login" in done.stderr
    assert IdentityCenter.asked == []


def test_a_spent_refresh_token_asks_for_a_login_and_leaves_the_cache(center, home):
    login(home)
    before = cache(home).read_bytes()
    IdentityCenter.refuses = True
    done = fetch(center, home)
    assert done.returncode == 77 and b"aws sso login" in done.stderr
    assert cache(home).read_bytes() == before


def test_a_token_that_is_still_good_is_used_where_renewing_fails(center, home):
    import datetime

    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=100)
    login(home, expiresAt=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    IdentityCenter.refuses = True
    assert fetch(center, home).returncode == 0
    assert [path for path, _ in IdentityCenter.asked] == ["/token", "/federation/credentials"]


def test_no_token_is_printed(center, home):
    login(home)
    done = fetch(center, home, "--verbose")
    assert done.returncode == 0 and b"/token: 200" in done.stderr and b"/federation/credentials" in done.stderr
    for secret in ("NEWTOKEN", "OLDTOKEN", "NEWREFRESH", "OLDREFRESH", "CLIENTSECRET", "SECRETSSO", "SESSIONSSO"):
        assert secret.encode() not in done.stderr
