"""The figures of lambda.sh: medians, milliseconds unless said."""

import base64
import json
import os
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from PIL import Image
from support.lambda_events import http_api
from support.runtime_api import Bootstrap, resident
from support.tools import MODEL, ROOT, tool

STARTS = 15
EVENTS = 500
WARM_UP = 50
ROUNDS = 7
ALL = os.sched_getaffinity(0)


def started(command, **options):
    """Milliseconds from exec to the first `/next`."""
    times = []
    for _ in range(STARTS):
        with Bootstrap(command, **options) as function:
            assert function.api.first_next.wait(30), function.stderr
            times.append((function.api.first_next_at - function.started_at) / 1e6)
            function.process.kill()
    return statistics.median(times)


# awslambdaric falls over without these.
HEADERS = [("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:f"),
           ("Lambda-Runtime-Trace-Id", "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e;Sampled=0"),
           ("Content-Type", "application/json")]


def receive(connection):
    """One request from a socket: its first line and, once all of it is here, the time."""
    data = connection.recv(1 << 20)
    while data:
        head, end, body = data.partition(b"\r\n\r\n")
        if end:
            length = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if len(body) >= (int(length[0]) if length else 0):
                return head.split(b"\r\n")[0], time.perf_counter_ns()
        more = connection.recv(1 << 20)
        data = data + more if more else b""
    return None, 0


def overhead(command, body, **options):
    """Milliseconds from an event sent to its response received, and the runtime's resident MiB afterwards.

    A Runtime API that does nothing but this, in one thread, so that the figure is the runtime's own. It has one processor,
    the runtime another: where the scheduler puts them would be most of the difference between two rounds.
    """
    here, there = (min(ALL), max(ALL))
    os.sched_setaffinity(0, {here})
    listener = socket.create_server(("127.0.0.1", 0))
    address = "127.0.0.1:%d" % listener.getsockname()[1]
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.DEVNULL,
        env={**os.environ, **options.get("env", {}), "AWS_LAMBDA_RUNTIME_API": address},
        preexec_fn=lambda: os.sched_setaffinity(0, {there}))
    times = []
    connection, line = None, None
    while len(times) < WARM_UP + EVENTS:
        if not line:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line, _ = receive(connection)
            continue
        assert b"/invocation/next" in line, line
        headers = [("Lambda-Runtime-Aws-Request-Id", f"00000000-0000-4000-8000-{len(times):012d}"),
                   ("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 30_000)), *HEADERS]
        event = ("HTTP/1.1 200 OK\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
                 + f"Content-Length: {len(body)}\r\n\r\n").encode() + body
        start = time.perf_counter_ns()
        connection.sendall(event)
        line, end = receive(connection)
        if not line:
            # A runtime may use another connection for its answer.
            connection, _ = listener.accept()
            line, end = receive(connection)
        assert line.split()[1].endswith(b"/response"), line
        times.append((end - start) / 1e6)
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n")
        line, _ = receive(connection)
    memory = resident(process.pid) / 1024
    process.kill()
    connection.close()
    listener.close()
    process.wait()
    os.sched_setaffinity(0, ALL)
    return statistics.median(times[WARM_UP:]), memory


def in_turn(*runtimes):
    """Rounds of each runtime's `overhead` compared with the others': medians of milliseconds, and MiB."""
    rounds = [[overhead(*words, **options) for words, options in runtimes] for _ in range(ROUNDS)]
    return [tuple(map(statistics.median, zip(*figures))) for figures in zip(*rounds)]


def member(name, body):
    header = bytearray(512)
    for offset, text in ((0, name), (100, "0000644"), (108, "0000000"), (116, "0000000"), (124, f"{len(body):011o}"),
                         (136, "0" * 11), (148, " " * 8), (156, "0"), (257, "ustar\0" "00")):
        header[offset:offset + len(text)] = text.encode()
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    return bytes(header) + body + bytes(-len(body) % 512)


def warm(model):
    """A 640 x 427 JPEG through the pipeline alone and as an event, in turn; and the event's share beyond the pipeline."""
    environment = {"CLASSIFY_MODEL": str(model), "PATH": f"{pathlib.Path(tool('imgdecode')).parent}:{os.environ['PATH']}"}
    pipeline = ROOT / "deploy" / "predict-pipeline"
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "photo.jpg"
        generator = random.Random(1)
        small = Image.new("RGB", (80, 53))
        small.putdata([tuple(generator.randrange(256) for _ in range(3)) for _ in range(80 * 53)])
        small.resize((640, 427), Image.Resampling.BICUBIC).save(path, quality=85)
        image = path.read_bytes()
    own, event_times = [], []
    alone = subprocess.Popen([pipeline], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **environment})
    with Bootstrap([tool("lambda-bootstrap"), "--http", "--", pipeline], env=environment) as function:
        body = http_api(body=image, headers={"content-type": "image/jpeg"})
        for number in range(110):
            data = member(str(number), image)
            start = time.perf_counter_ns()
            alone.stdin.write(data)
            alone.stdin.flush()
            alone.stdout.readline()
            own.append((time.perf_counter_ns() - start) / 1e6)
            event = function.call(body)
            assert json.loads(event.result)["statusCode"] == 200, event.result
            event_times.append((event.posted - event.sent) / 1e6)
    alone.stdin.close()
    alone.wait()
    return len(image), statistics.median(own[10:]), statistics.median(event_times[10:])


def main():
    model = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else MODEL
    bootstrap = tool("lambda-bootstrap")
    double = [sys.executable, ROOT / "Tests" / "support" / "pipeline_double.py"]
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "empty.py").write_text("def handler(event, context):\n    return {}\n")
        (pathlib.Path(folder) / "spawn.py").write_text(
            "import subprocess\n\n\ndef handler(event, context):\n"
            "    return subprocess.run(['true'], input='{}', capture_output=True, text=True, check=True).stdout\n")
        ric = [sys.executable, "-m", "awslambdaric", "empty.handler"]
        spawning = [*ric[:-1], "spawn.handler"]
        options = {"env": {"PYTHONPATH": folder, "LAMBDA_TASK_ROOT": folder, "AWS_LAMBDA_FUNCTION_NAME": "f",
                           "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_LOG_GROUP_NAME": "g",
                           "AWS_LAMBDA_LOG_STREAM_NAME": "s", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"}}
        http = [bootstrap, "--http", "--", "bash", "-c", f"{double[0]} {double[1]} | {double[0]} {double[1]} --answer"]
        health = http_api("GET", "/health")

        start_ours, start_theirs = started([bootstrap, "cat"]), started(ric, **options)
        print(f"exec to first /next       lambda-bootstrap {start_ours:6.1f} ms   awslambdaric {start_theirs:6.1f} ms"
              f"   target 25 ms")
        (theirs, theirs_memory), (ours, memory) = in_turn(((ric, health), options), ((http, health), {}))
        print(f"event, --http (health)    lambda-bootstrap {ours:6.3f} ms   awslambdaric {theirs:6.3f} ms"
              f"   ratio {ours / theirs:.2f}, target 0.50")
        (theirs, _), (ours, process_memory) = in_turn(((spawning, b"{}"), options), (([bootstrap, "true"], b"{}"), {}))
        print(f"event, a process each     lambda-bootstrap {ours:6.3f} ms   awslambdaric {theirs:6.3f} ms, subprocess.run"
              f"   ratio {ours / theirs:.2f} (true as the command)")
        print(f"resident                  lambda-bootstrap {memory:6.1f} MiB, {process_memory:.1f} MiB   awslambdaric "
              f"{theirs_memory:.1f} MiB   target 25 MiB")

        # 6 MB: a type that is refused costs the parsing alone, an image over the limit the decoding too.
        large = base64.b64encode(bytes(4_500_000))
        for what, type in (("parsed", "text/plain"), ("parsed and decoded", "image/jpeg")):
            event = json.loads(http_api(body=b"", headers={"content-type": type}))
            event["body"] = large.decode()
            millis, _ = overhead([*http[:2], "--limit", "1000", *http[2:]], json.dumps(event).encode())
            print(f"event of 6 MB, {what:<18} {millis:6.2f} ms, its transfer included   target: parsed well under 20 ms")

    size, own, whole = warm(model)
    print(f"warm event, {model.name}, 640 x 427 ({size // 1000} kB): {whole:.2f} ms, imgdecode | classify alone {own:.2f} ms:"
          f" {whole - own:+.2f} ms, target at most +5 ms")


main()
