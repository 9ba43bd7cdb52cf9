"""What API Gateway's HTTP API does for the stack: HTTP in, an event of format 2.0 to the function, its answer out."""

import base64
import http.client
import http.server
import json
import sys
import time
import urllib.parse
import uuid

# API Gateway takes 10 MB, Lambda's event of 6 MB is the narrower door.
LARGEST_BODY = 10 << 20
LARGEST_EVENT = 6 << 20
TEXT = ("text/", "application/json", "application/xml", "application/javascript")


def event(method, target, headers, body, source="127.0.0.1"):
    """The event for a request: bodies are base64 unless their type is text."""
    path, _, query = target.partition("?")
    names = {name.lower(): value for name, value in headers.items()}
    is_text = names.get("content-type", "").startswith(TEXT)
    made = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": urllib.parse.unquote(path),
        "rawQueryString": query,
        "headers": names,
        "requestContext": {
            "accountId": "123456789012", "apiId": "local", "domainName": names.get("host", "localhost"),
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": source,
                     "userAgent": names.get("user-agent", "")},
            "requestId": str(uuid.uuid4()), "routeKey": f"{method} {path}", "stage": "$default",
            "timeEpoch": int(time.time() * 1000)},
        "isBase64Encoded": bool(body) and not is_text,
    }
    if query:
        made["queryStringParameters"] = dict(urllib.parse.parse_qsl(query))
    if body:
        made["body"] = body.decode("utf-8", "replace") if is_text else base64.b64encode(body).decode("ascii")
    return made


def response(answer):
    """Status, headers and body out of a function's answer; 502 where API Gateway would say that."""
    try:
        parsed = json.loads(answer)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict) or "statusCode" not in parsed:
        return 502, {"content-type": "application/json"}, b'{"message":"Internal Server Error"}'
    body = parsed.get("body") or ""
    body = base64.b64decode(body) if parsed.get("isBase64Encoded") else body.encode()
    return int(parsed["statusCode"]), parsed.get("headers") or {}, body


class Gateway(http.server.ThreadingHTTPServer):
    """Listens on the loopback interface and asks `function` about every request."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port, function):
        super().__init__(("127.0.0.1", port), _Handler)
        self.function = function

    def handle_error(self, request, client_address):
        """A client that closes the connection is not an error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in one packet.
    wbufsize = 1 << 16

    def _serve(self):
        length = int(self.headers.get("content-length") or 0)
        if length > LARGEST_BODY:
            # Clients listen only when they have sent all.
            while length > 0 and (piece := self.rfile.read(min(length, 1 << 16))):
                length -= len(piece)
            return self._answer(413, {}, b'{"message":"Request Entity Too Large"}')
        body = self.rfile.read(length)
        made = json.dumps(event(self.command, self.path, self.headers, body, self.client_address[0])).encode()
        if len(made) > LARGEST_EVENT:
            return self._answer(413, {}, b'{"message":"Request Entity Too Large"}')
        try:
            self._answer(*response(self.server.function.invoke(made)))
        except (OSError, http.client.HTTPException):
            self._answer(503, {"content-type": "application/json"}, b'{"message":"Service Unavailable"}')

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = _serve  # noqa: N815 - the base class's names

    def _answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        """The function's log has what matters."""
