"""A bucket of as many objects as are asked for, listed as fast as one thread can: nothing of it is stored.

The prefix `all/N/` has N objects; `half/N/` has every second one of them, so that a mirror of the one onto the other
has half to copy. Every object has one size, tag and time.
"""

import urllib.parse

from support.loopback import Handler

PAGE = 1000
OBJECT = ("<Contents><Key>{}part-{:08}/object-{:08}.jpg</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>"
          "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>10240</Size>"
          "<StorageClass>STANDARD</StorageClass></Contents>")


class Pages(Handler):
    """What `serving` takes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(self.path.partition("?")[2], keep_blank_values=True))
        self.answer(page(query["prefix"], int(query.get("continuation-token", 0))).encode())


def page(prefix, start):
    share, count = prefix.split("/")[:2]
    count, step = int(count), 2 if share == "half" else 1
    end = min(start + PAGE * step, count)
    objects = "".join(OBJECT.format(prefix, i // 1000, i) for i in range(start, end, step))
    more = end < count
    token = f"<NextContinuationToken>{end}</NextContinuationToken>" if more else ""
    return ("<?xml version='1.0'?><ListBucketResult><EncodingType>url</EncodingType>"
            f"{objects}<IsTruncated>{str(more).lower()}</IsTruncated>{token}</ListBucketResult>")
