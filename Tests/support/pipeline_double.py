"""A stand-in for the pipeline whose stages do what an image's bytes say; for what the real ones never do.

Two processes like `imgdecode | classify`: this one reads tar members and passes their names and bodies on, a second
one (`--answer`) writes the lines. Bodies: `echo TEXT`, `die-1 STATUS` and `die-2 STATUS` (that stage ends), `slow SECONDS`,
`malformed`, `other` (an answer about another item), `twice`, `silent`, `long`, `refuse CODE`, `unasked`,
`count` (the answer is the body's length).
"""

import base64
import json
import os
import sys
import time


def read(count):
    data = b""
    while len(data) < count:
        piece = os.read(0, count - len(data))
        if not piece:
            sys.exit(0)
        data += piece
    return data


def first_stage():
    while True:
        header = read(512)
        name = header[:100].rstrip(b"\0").decode()
        size = int(header[124:135], 8)
        body = read(size)
        read(-size % 512)
        word, _, argument = body.partition(b" ")
        if word == b"die-1":
            print("first stage: as requested", file=sys.stderr, flush=True)
            os._exit(int(argument))
        line = json.dumps([name, base64.b64encode(body).decode()]).encode() + b"\n"
        while line:
            line = line[os.write(1, line):]


def second_stage():
    for line in sys.stdin:
        name, body = json.loads(line)
        body = base64.b64decode(body)
        word, _, argument = body.decode("latin-1").partition(" ")
        answer = {"image": name, "model": "double", "predictions": [{"label": argument, "probability": 1.50}]}
        if word == "die-2":
            print("second stage: as requested", file=sys.stderr, flush=True)
            os._exit(int(argument))
        if word == "slow":
            time.sleep(float(argument))
        if word == "other":
            answer["image"] = str(int(name) - 1)
        if word == "count":
            answer["predictions"][0]["label"] = str(len(body))
        if word == "refuse":
            answer = {"image": name, "error": {"tool": "imgdecode", "code": argument, "message": "why not"}}
        text = json.dumps(answer) + "\n"
        if word == "malformed":
            text = '{"image": nonsense\n'
        if word == "twice":
            text *= 2
        if word == "long":
            text = "x" * 1_000_000 + "\n"
        if word != "silent":
            sys.stdout.write(text)
            sys.stdout.flush()
        if word == "unasked":
            time.sleep(0.1)
            print("unasked", flush=True)


second_stage() if sys.argv[1:] == ["--answer"] else first_stage()
