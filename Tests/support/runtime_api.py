"""A Lambda Runtime API in this process: events are queued, what is posted is kept, and it misbehaves on request."""

import dataclasses
import os
import queue
import signal
import socket
import subprocess
import threading
import time

PREFIX = "/2018-06-01/runtime"


@dataclasses.dataclass
class Event:
    """One event and, once it is posted, its outcome."""

    id: str
    body: bytes
    headers: list
    # The answers to the posts about it, in turn: a status, or "close" to break the connection. Then 202.
    replies: list = dataclasses.field(default_factory=list)
    # Sent in place of a proper `/next` response, as it is; b"" breaks the connection.
    raw: bytes = None
    done: threading.Event = dataclasses.field(default_factory=threading.Event)
    kind: str = None
    result: bytes = None
    result_headers: dict = None
    sent: int = 0
    posted: int = 0

    def wait(self, timeout=20):
        assert self.done.wait(timeout), f"event {self.id} was not answered"
        return self


class RuntimeAPI:
    def __init__(self):
        self.events = queue.Queue()
        self.known = {}
        self.init_error = Event("init", b"", [])
        self.first_next = threading.Event()
        self.first_next_at = None
        self.count = 0
        self.posts = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def send(self, body=b"{}", deadline=30.0, headers=(), replies=(), id=None):
        """Queues an event; `deadline` in seconds from now, None for no header."""
        self.count += 1
        id = id or f"00000000-0000-4000-8000-{self.count:012d}"
        lines = [("Lambda-Runtime-Aws-Request-Id", id)]
        if deadline is not None:
            lines.append(("Lambda-Runtime-Deadline-Ms", str(int((time.time() + deadline) * 1000))))
        event = Event(id, body, lines + list(headers), list(replies))
        self.known[id] = event
        self.events.put(event)
        return event

    def send_raw(self, raw):
        """Queues bytes as the answer to a `/next`."""
        event = Event("raw", b"", [], raw=raw)
        self.events.put(event)
        return event

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        stream = connection.makefile("rb")
        try:
            while True:
                line = stream.readline()
                if not line:
                    break
                method, path, _ = line.decode().split(" ", 2)
                headers = {}
                while (line := stream.readline()) not in (b"\r\n", b""):
                    name, _, value = line.decode("latin-1").partition(":")
                    headers[name.strip().lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", 0)))
                if not self._answer(connection, method, path, headers, body):
                    break
        except OSError:
            pass
        # The stream holds the socket too.
        stream.close()
        connection.close()

    def _answer(self, connection, method, path, headers, body):
        if method == "GET" and path == PREFIX + "/invocation/next":
            if not self.first_next.is_set():
                self.first_next_at = time.perf_counter_ns()
                self.first_next.set()
            event = self.events.get()
            if event.raw is not None:
                event.done.set()
                connection.sendall(event.raw)
                return event.raw != b""
            head = "".join(f"{name}: {value}\r\n" for name, value in event.headers)
            data = f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(event.body)}\r\n\r\n".encode("latin-1") + event.body
            event.sent = time.perf_counter_ns()
            connection.sendall(data)
            return True
        now = time.perf_counter_ns()
        if path == PREFIX + "/init/error":
            event, kind = self.init_error, "init"
        else:
            _, id, kind = path[len(PREFIX) + 1:].split("/")
            event = self.known.get(id)
        self.posts.append((path, len(body)))
        reply = event.replies.pop(0) if event and event.replies else 202
        if reply == "close":
            return False
        if event:
            event.posted, event.kind, event.result, event.result_headers = now, kind, body, headers
        connection.sendall(b"HTTP/1.1 %d Status\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n" % reply)
        if event:
            event.done.set()
        return True


class Bootstrap:
    """lambda-bootstrap, or another runtime, running against a RuntimeAPI; ended when the `with` block is left."""

    def __init__(self, command, env=None, inherit=True):
        self.api = RuntimeAPI()
        environment = {**(os.environ if inherit else {}), "AWS_LAMBDA_RUNTIME_API": self.api.address, **(env or {})}
        self.lines = []
        self.started_at = time.perf_counter_ns()
        self.process = subprocess.Popen(
            [str(word) for word in command], env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.api.close()

    def stop(self):
        """Ends it by SIGTERM; returns its status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20)
        self.reader.join(5)
        return status

    def call(self, body=b"{}", **options):
        return self.api.send(body, **options).wait()

    @property
    def stderr(self):
        return b"".join(self.lines)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident(pid):
    """Resident memory in KiB."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def children(pid):
    """The processes below this one."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    parent = int(stat.read().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == pid:
                found.append(int(entry))
                found += children(int(entry))
    return found
