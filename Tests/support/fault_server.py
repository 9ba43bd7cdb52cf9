"""A small S3 in this process that misbehaves on request: resets, stalls, truncates, refuses, corrupts, lies.

It knows ListObjectsV2, GET (ranges, If-Match), HEAD, PUT (If-None-Match, CRC-32 checked), multipart uploads, copies,
DELETE and DeleteObjects. A fault is a function of the request that gives what to do instead of, or to, the answer.
"""

import base64
import contextlib
import dataclasses
import datetime
import hashlib
import http.server
import re
import socket
import ssl
import struct
import threading
import time
import urllib.parse
import xml.sax.saxutils
import zlib


@dataclasses.dataclass
class Stored:
    data: bytes
    etag: str
    modified: datetime.datetime
    headers: dict
    parts: list = dataclasses.field(default_factory=list)  # sizes, of a multipart upload
    tags: str = ""


@dataclasses.dataclass
class Asked:
    """A request as a fault sees it."""

    method: str
    bucket: str
    key: str
    query: dict
    headers: dict
    body: bytes
    number: int  # of all requests, from 1
    times: int  # of this method and URL, from 1
    host: str


class FaultServer:
    """`objects[bucket][key]` is what is stored; `fault` is called for every request and may return

    None: answer as S3 does; ("status", code, word): an error, with headers as a fourth; ("reset",): the connection
    breaks before the answer; ("truncate", n): n bytes of the body come, then the connection ends; ("corrupt", n): byte
    n is flipped; ("length", n): Content-Length is n too large; ("stall", seconds): nothing happens for so long, then the
    connection ends; ("delay", seconds): the answer comes so much later;
    ("whole",): a range is ignored; ("shift", n): a range starts n bytes earlier or later than requested, truthfully
    labelled; ("headers", {name: value}): these headers of the answer are replaced, removed where the value is None;
    ("garbage",): the body is not XML; ("embedded", word): 200 with an error inside; ("body", status, data): this instead;
    ("lost",): the request is carried out and the connection breaks before the answer; ("chunked",): the answer has no
    Content-Length. `sort_key` orders listings, `tag` writes an entity tag as headers and listings have it (None: there is
    none), `refuses` names the beginnings of header names that uploads are refused for, in the words of `refusal` (B2's or
    R2's), `listings` has any of "unencoded", "empty page", "white space", "wrong count", "no times", "single".
    """

    def __init__(self, tls=None):
        self.objects = {}
        self.uploads = {}
        self.upload_headers = {}
        self.aborted = {}  # the number of the request that aborted an upload
        self.requests = []
        self.counts = {}
        self.working = 0  # requests that have arrived whole and are not dealt with yet
        self.working = 0  # requests that have arrived whole and are not yet answered
        self.fault = lambda asked: None
        self.page_size = 1000
        self.confirms_checksums = False  # the checksum of an upload is in the answer, as AWS has it
        self.sort_key = lambda key: key.encode()
        self.tag = lambda etag: f'"{etag}"'
        self.conditions = True  # If-Match compares; False refuses every condition
        self.refuses = ()
        self.refusal = "B2"
        self.listings = set()
        self.lock = threading.Lock()
        self.clock = lambda: datetime.datetime.now(datetime.timezone.utc)
        owner = self

        class Handler(_Handler):
            server_state = owner

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, request, client_address):
                pass  # connections break here on purpose

        self.server = Server(("127.0.0.1", 0), Handler)
        scheme = "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        self.port = self.server.server_address[1]
        self.endpoint = f"{scheme}://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def put(self, bucket, key, data, modified=None, **headers):
        modified = modified or self.clock()
        stored = Stored(data, hashlib.md5(data).hexdigest(), modified, headers)
        self.objects.setdefault(bucket, {})[key] = stored
        return stored

    def asked(self, method=None, contains=""):
        return [a for a in self.requests if (method is None or a.method == method) and contains in a.key]


@contextlib.contextmanager
def fault_server(**options):
    server = FaultServer(**options)
    try:
        yield server
    finally:
        server.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state = None

    def log_message(self, *arguments):
        pass

    def handle_any(self):
        state = self.server_state
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length) if length else b""
        if len(body) != length:
            self.close_connection = True
            return
        path, _, query = self.path.partition("?")
        parts = path.lstrip("/").split("/", 1)
        bucket = urllib.parse.unquote(parts[0])
        key = urllib.parse.unquote(path[len(parts[0]) + 2:]) if len(parts) > 1 else ""
        query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with state.lock:
            name = (self.command, self.path)
            state.counts[name] = state.counts.get(name, 0) + 1
            asked = Asked(self.command, bucket, key, query, headers, body, len(state.requests) + 1,
                          state.counts[name], headers.get("host", ""))
            state.requests.append(asked)
            state.working += 1
        try:
            self.respond(asked, headers)
        finally:
            with state.lock:
                state.working -= 1

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

    def respond(self, asked, headers):
        state = self.server_state
        fault = state.fault(asked)
        if fault and fault[0] == "reset":
            # Lingering for no time makes closing a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        if fault and fault[0] == "stall":
            time.sleep(fault[1])
            self.close_connection = True
            return
        if fault and fault[0] == "delay":
            time.sleep(fault[1])
        if fault and fault[0] == "whole":
            asked.headers.pop("range", None)
        if fault and fault[0] == "status":
            extra = fault[3] if len(fault) > 3 else {}
            return self.answer(fault[1], self.error(fault[2]), extra)
        if fault and fault[0] == "shift":
            bounds = re.fullmatch(r"bytes=(\d+)-(\d+)", asked.headers.get("range", ""))
            if bounds and int(bounds[1]) + fault[1] >= 0:
                asked.headers["range"] = f"bytes={int(bounds[1]) + fault[1]}-{int(bounds[2]) + fault[1]}"
        refused = [n for n in headers if state.refuses and n.startswith(state.refuses)]
        if refused and asked.method in ("PUT", "POST"):
            status, code, words = {
                "B2": (400, "InvalidArgument", "Unsupported header '{}' received for this API call."),
                "R2": (501, "NotImplemented", "Header '{}' with value 'x' not implemented"),
            }[state.refusal]
            message = f"<Error><Code>{code}</Code><Message>{words.format(refused[0])}</Message></Error>"
            return self.answer(status, message.encode(), {})
        if fault and fault[0] == "body":
            return self.answer(fault[1], fault[2], {})
        with state.lock:
            status, data, extra = self.work(asked)
        if fault and fault[0] == "lost":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        if fault and fault[0] == "chunked":
            return self.answer_in_chunks(status, data, extra)
        if fault and fault[0] == "headers":
            extra = {name: value for name, value in {**extra, **fault[1]}.items() if value is not None}
        if fault and fault[0] == "embedded":
            data = self.error(fault[1])
        if fault and fault[0] == "garbage":
            data = b"<ListBucketResult><Contents><Key>a"
        if fault and fault[0] == "corrupt" and data:
            place = fault[1] % len(data)
            data = data[:place] + bytes([data[place] ^ 1]) + data[place + 1:]
        if fault and fault[0] == "truncate":
            return self.answer(status, data, extra, cut=fault[1])
        self.answer(status, data, extra, lie=fault[1] if fault and fault[0] == "length" else 0)

    @staticmethod
    def error(code):
        return f"<Error><Code>{code}</Code><Message>on purpose</Message></Error>".encode()

    def answer(self, status, data, headers, cut=None, lie=0):
        self.send_response(status)
        for name, value in headers.items():
            if name != "content-length":
                self.send_header(name, value)
        self.send_header("content-length", headers.get("content-length", str(len(data) + lie)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data if cut is None else data[:cut])
        if cut is not None or lie:
            self.wfile.flush()
            self.close_connection = True

    def answer_in_chunks(self, status, data, headers):
        self.send_response(status)
        for name, value in headers.items():
            if name != "content-length":
                self.send_header(name, value)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        if self.command == "HEAD":
            return
        for start in range(0, len(data), 1000):
            piece = data[start:start + 1000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def work(self, asked):
        state = self.server_state
        if not asked.bucket:
            return 200, ("<ListAllMyBucketsResult><Owner><ID>x</ID></Owner><Buckets>" + "".join(
                f"<Bucket><Name>{name}</Name><CreationDate>2026-01-02T03:04:05.000Z</CreationDate></Bucket>"
                for name in sorted(state.objects)) + "</Buckets></ListAllMyBucketsResult>").encode(), {}
        store = state.objects.get(asked.bucket)
        if store is None:
            return 404, self.error("NoSuchBucket"), {}
        crc = asked.headers.get("x-amz-checksum-crc32")
        if crc and asked.method == "PUT" and base64.b64encode(struct.pack(">I", zlib.crc32(asked.body))).decode() != crc:
            return 400, self.error("BadDigest"), {}
        if asked.method == "GET" and not asked.key:
            return self.list(asked, store)
        if asked.method == "GET" and "tagging" in asked.query:
            return self.tags(asked, store)
        if asked.method == "POST" and "delete" in asked.query:
            for found in re.findall(rb"<Key>(.*?)</Key>", asked.body, re.S):
                store.pop(xml.sax.saxutils.unescape(found.decode(), {"&quot;": '"', "&#10;": "\n"}), None)
            return 200, b"<DeleteResult></DeleteResult>", {}
        if "uploads" in asked.query or "uploadId" in asked.query:
            return self.multipart(asked, store)
        if asked.method == "PUT":
            if asked.headers.get("if-none-match") == "*" and asked.key in store:
                return 412, self.error("PreconditionFailed"), {}
            if "x-amz-copy-source" in asked.headers:
                return self.copy(asked, store)
            stored = state.put(asked.bucket, asked.key, asked.body, **self.kept(asked))
            stored.tags = asked.headers.get("x-amz-tagging", "")
            confirmed = {"x-amz-checksum-crc32": crc} if crc and state.confirms_checksums else {}
            given = {} if state.tag("") is None else {"etag": f'"{stored.etag}"'}
            return 200, b"", {**given, **confirmed}
        if asked.method == "DELETE":
            store.pop(asked.key, None)
            return 204, b"", {}
        return self.read(asked, store)

    @staticmethod
    def kept(asked):
        """The headers of an upload that its object has from then on."""
        names = ("content-type", "cache-control", "content-encoding", "content-disposition", "content-language", "expires",
                 "x-amz-storage-class", "x-amz-server-side-encryption")
        return {n: v for n, v in asked.headers.items() if n.startswith("x-amz-meta-") or n in names}

    def copy(self, asked, store):
        bucket, _, key = urllib.parse.unquote(asked.headers["x-amz-copy-source"]).lstrip("/").partition("/")
        source = self.server_state.objects.get(bucket, {}).get(key)
        if source is None:
            return 404, self.error("NoSuchKey"), {}
        if asked.headers.get("x-amz-copy-source-if-match", f'"{source.etag}"') != f'"{source.etag}"':
            return 412, self.error("PreconditionFailed"), {}
        given = self.kept(asked)
        replaces = asked.headers.get("x-amz-metadata-directive") == "REPLACE"
        own = ("x-amz-storage-class", "x-amz-server-side-encryption")
        if source is store.get(asked.key) and not replaces and not any(n in given for n in own):
            return 400, self.error("InvalidRequest"), {}
        # Storage class and encryption are never the source's.
        inherited = {} if replaces else {n: v for n, v in source.headers.items() if n not in own}
        given = given if replaces else {n: v for n, v in given.items() if n in own}
        stored = self.server_state.put(asked.bucket, asked.key, source.data, **inherited, **given)
        is_tagged = asked.headers.get("x-amz-tagging-directive") == "REPLACE"
        stored.tags = asked.headers.get("x-amz-tagging", "") if is_tagged else source.tags
        return 200, f'<CopyObjectResult><ETag>"{stored.etag}"</ETag></CopyObjectResult>'.encode(), {}

    def tags(self, asked, store):
        if asked.key not in store:
            return 404, self.error("NoSuchKey"), {}
        escape = xml.sax.saxutils.escape
        pairs = urllib.parse.parse_qsl(store[asked.key].tags, keep_blank_values=True)
        tags = "".join(f"<Tag><Key>{escape(n)}</Key><Value>{escape(v)}</Value></Tag>" for n, v in pairs)
        return 200, f"<Tagging><TagSet>{tags}</TagSet></Tagging>".encode(), {}

    def read(self, asked, store):
        stored = store.get(asked.key)
        if stored is None:
            return 404, self.error("NoSuchKey"), {}
        tag = self.server_state.tag(stored.etag)
        condition = asked.headers.get("if-match")
        if condition is not None and (
                not self.server_state.conditions or condition != tag or (tag or "").startswith("W/")):
            return 412, self.error("PreconditionFailed"), {}
        headers = {
            **({} if tag is None else {"etag": tag}),
            "last-modified": stored.modified.strftime("%a, %d %b %Y %H:%M:%S GMT"),
            **stored.headers,
        }
        data, status = stored.data, 200
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", asked.headers.get("range", ""))
        if wanted:
            first, last = int(wanted[1]), min(int(wanted[2]), len(data) - 1)
            headers["content-range"] = f"bytes {first}-{last}/{len(data)}"
            data, status = data[first:last + 1], 206
        if stored.parts and "partNumber" in asked.query:
            data, status = data[:stored.parts[int(asked.query["partNumber"]) - 1]], 206
        if asked.method == "HEAD":
            headers["content-length"] = str(len(data))
            data = b""
        return status, data, headers

    def list(self, asked, store):
        state = self.server_state
        prefix = asked.query.get("prefix", "")
        keys = sorted((k for k in store if k.startswith(prefix)), key=state.sort_key)
        after = asked.query.get("continuation-token", "")
        if after:
            keys = [k for k in keys if state.sort_key(k) > state.sort_key(after)]
        delimiter = asked.query.get("delimiter")
        prefixes = []
        if delimiter:
            inner = [k for k in keys if delimiter in k[len(prefix):]]
            prefixes = sorted({prefix + k[len(prefix):].partition(delimiter)[0] + delimiter for k in inner})
            keys = [k for k in keys if k not in inner]
        page = keys[:min(state.page_size, int(asked.query.get("max-keys", 1000)))]
        is_encoded = "unencoded" not in state.listings
        space = "\n\n  " if "white space" in state.listings else ""
        encoded = (lambda key: urllib.parse.quote_plus(key, safe="/")) if is_encoded else xml.sax.saxutils.escape
        if "empty page" in state.listings and not after:
            page = []
        count = 9999 if "wrong count" in state.listings else len(page)
        mark = "\ufeff" if space else ""
        parts = [f"{mark}<?xml version='1.0'?>{space}<ListBucketResult><KeyCount>{count}</KeyCount>"]
        if is_encoded:
            parts.append("<EncodingType>url</EncodingType>")
        for found in prefixes:
            parts.append(f"<CommonPrefixes><Prefix>{encoded(found)}</Prefix></CommonPrefixes>")
        for key in page:
            stored = store[key]
            modified = stored.modified.strftime("%Y-%m-%dT%H:%M:%S.") + f"{stored.modified.microsecond // 1000:03}Z"
            tag = state.tag(stored.etag)
            etag = "" if tag is None else f"<ETag>{xml.sax.saxutils.escape(tag)}</ETag>"
            parts.append(f"{space}<Contents><Key>{encoded(key)}</Key><LastModified>{modified}</LastModified>{etag}"
                         f"<Size>{len(stored.data)}</Size></Contents>")
        more = len(keys) > len(page)
        parts.append(f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>")
        if more:
            token = page[-1] if page else "\x20"
            parts.append(f"<NextContinuationToken>{xml.sax.saxutils.escape(token)}</NextContinuationToken>")
        return 200, "".join(parts + ["</ListBucketResult>", space]).encode(), {}

    def multipart(self, asked, store):
        state = self.server_state
        if "uploads" in asked.query:
            name = f"upload-{len(state.requests)}"
            state.uploads[name] = {}
            state.upload_headers[name] = (self.kept(asked), asked.headers.get("x-amz-tagging", ""))
            return 200, (f"<InitiateMultipartUploadResult><UploadId>{name}</UploadId>"
                         "</InitiateMultipartUploadResult>").encode(), {}
        name = asked.query["uploadId"]
        parts = state.uploads.get(name)
        if parts is None and asked.method == "PUT" and asked.number < state.aborted.get(name, 0):
            # A part that was being received when its upload was aborted may be stored all the same.
            parts = state.uploads[name] = {}
        if parts is None:
            return 404, self.error("NoSuchUpload"), {}
        if asked.method == "DELETE":
            del state.uploads[name]
            state.aborted[name] = asked.number
            return 204, b"", {}
        if asked.method == "PUT":
            data = asked.body
            result = b""
            if "x-amz-copy-source" in asked.headers:
                bucket, _, key = urllib.parse.unquote(asked.headers["x-amz-copy-source"]).lstrip("/").partition("/")
                first, last = re.fullmatch(r"bytes=(\d+)-(\d+)", asked.headers["x-amz-copy-source-range"]).groups()
                data = state.objects[bucket][key].data[int(first):int(last) + 1]
                result = f'<CopyPartResult><ETag>"{hashlib.md5(data).hexdigest()}"</ETag></CopyPartResult>'.encode()
            parts[int(asked.query["partNumber"])] = data
            return 200, result, {"etag": f'"{hashlib.md5(data).hexdigest()}"'}
        if asked.headers.get("if-none-match") == "*" and asked.key in store:
            return 412, self.error("PreconditionFailed"), {}
        numbers = [int(n) for n in re.findall(rb"<PartNumber>(\d+)</PartNumber>", asked.body)]
        if numbers != sorted(parts):
            return 400, self.error("InvalidPart"), {}
        data = b"".join(parts[n] for n in numbers)
        headers, tags = state.upload_headers[name]
        stored = state.put(asked.bucket, asked.key, data, **headers)
        stored.tags = tags
        stored.parts = [len(parts[n]) for n in numbers]
        digest = hashlib.md5(b"".join(hashlib.md5(parts[n]).digest() for n in numbers)).hexdigest()
        stored.etag = f"{digest}-{len(numbers)}"
        whole = asked.headers.get("x-amz-checksum-crc32")
        if whole and asked.headers.get("x-amz-checksum-type") == "FULL_OBJECT":
            if base64.b64encode(struct.pack(">I", zlib.crc32(data))).decode() != whole:
                return 400, self.error("BadDigest"), {}
            stored.headers["x-amz-checksum-crc32"] = whole
        del state.uploads[name]
        confirmed = f"<ChecksumCRC32>{whole}</ChecksumCRC32>" if whole and state.confirms_checksums else ""
        return 200, (f'<CompleteMultipartUploadResult><ETag>"{stored.etag}"</ETag>{confirmed}'
                     "</CompleteMultipartUploadResult>").encode(), {}
