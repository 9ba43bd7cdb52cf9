"""A bucket of as many objects as are asked for, listed as fast as one thread can: nothing of it is stored.

The prefix `all/N/` has N objects; `half/N/` has every second one of them, so that a mirror of the one onto the other
has half to copy. Every object has one size, tag and time.
"""

import http.server
import threading
import urllib.parse

PAGE = 1000
OBJECT = ("<Contents><Key>{}part-{:08}/object-{:08}.jpg</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>"
          "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>10240</Size>"
          "<StorageClass>STANDARD</StorageClass></Contents>")


class EndlessListing:
    def __init__(self):
        owner = self
        self.pages = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                query = dict(urllib.parse.parse_qsl(self.path.partition("?")[2], keep_blank_values=True))
                owner.pages += 1
                body = page(query["prefix"], int(query.get("continuation-token", 0))).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def page(prefix, start):
    share, count = prefix.split("/")[:2]
    count, step = int(count), 2 if share == "half" else 1
    end = min(start + PAGE * step, count)
    objects = "".join(OBJECT.format(prefix, i // 1000, i) for i in range(start, end, step))
    more = end < count
    token = f"<NextContinuationToken>{end}</NextContinuationToken>" if more else ""
    return ("<?xml version='1.0'?><ListBucketResult><EncodingType>url</EncodingType>"
            f"{objects}<IsTruncated>{str(more).lower()}</IsTruncated>{token}</ListBucketResult>")
