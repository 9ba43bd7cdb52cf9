"""A small HTTP/1.1 server whose paths misbehave on purpose; for Tests/HTTPTests.

Prints its port on stdout and leaves when its parent has. `--tls CERT KEY` speaks TLS.
"""
import os
import socket
import ssl
import sys
import threading
import time


def read_request(stream):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return None
        head += line
    if b" /deaf/" in head:
        # The body is not read for so many seconds.
        time.sleep(float(head.split(b" /deaf/")[1].split(b" ")[0]))
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return head, stream.read(length)


def pattern(count):
    return (bytes(range(251)) * (count // 251 + 1))[:count]


def serve(connection):
    stream = connection.makefile("rb")
    served = 0
    while request := read_request(stream):
        head, body = request
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        _, name, *rest = path.split("/")
        argument = rest[0] if rest else ""

        def answer(content, status="200 OK", headers=b""):
            length = b"content-length: %d\r\n" % len(content)
            connection.sendall(b"HTTP/1.1 " + status.encode() + b"\r\n" + headers + length + b"\r\n")
            if method != "HEAD":
                connection.sendall(content)

        if name == "bytes":
            answer(pattern(int(argument)))
        elif name == "status":
            answer(b"explained", f"{argument} Because")
        elif name == "explain":
            answer(pattern(int(argument)), "500 Oh")
        elif name == "cut":
            count = int(argument)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % count + pattern(count // 2))
            break
        elif name == "reset":
            break
        elif name == "slow":
            time.sleep(float(argument))
            answer(b"late")
        elif name == "continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\nx-early: 1\r\n\r\n")
            answer(b"", headers=b"X-Two: a\r\nx-two:  b \r\nX-Empty:\r\n")
        elif name == "long-header":
            answer(b"", headers=(b"x: " + b"y" * 60_000 + b"\r\n") * int(argument))
        elif name == "chunked":
            connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        elif name == "redirect":
            answer(b"", "302 Found", b"location: /bytes/5\r\n")
        elif name == "once" and served > 0:
            # A kept connection that turns out dead: the client must send all of it again on a new one.
            break
        else:
            answer(head + body)
        served += 1
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()


def main():
    context = None
    if sys.argv[1:2] == ["--tls"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)

    def accept():
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def run(connection=connection):
                try:
                    if context:
                        connection = context.wrap_socket(connection, server_side=True)
                    serve(connection)
                except OSError:
                    connection.close()

            threading.Thread(target=run, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.2)


main()
