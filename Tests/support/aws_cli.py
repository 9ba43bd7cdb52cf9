"""The AWS CLI without its second of imports a call: a server that has imported it forks for each call.

`aws_cli.py serve SOCKET` listens; `aws_cli.py call SOCKET WORD…` hands over its words, environment, folder and standard
streams, and exits with the status. What runs is the CLI of PyPI's awscli; `cloudformation deploy` is moto_aws.py's or
ministack_aws.py's, as CLOUD_KIND says.
"""

import array
import json
import os
import signal
import socket
import sys
import time

# Those that the scripts of deploy/ ask.
SERVICES = ["batch", "cloudformation", "cloudwatch", "ec2", "ecr", "events", "iam", "lambda", "logs", "s3", "service-quotas", "sqs", "sts"]


def call(path, words):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        request = json.dumps({"words": words, "env": dict(os.environ), "cwd": os.getcwd()}).encode()
        streams = array.array("i", [0, 1, 2])
        connection.sendmsg([len(request).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
        connection.sendall(request)
        status = connection.recv(1)
        return status[0] if status else 70


def answer(driver, connection):
    """In a process of its own: one call of the CLI."""
    head, ancillary, _, _ = connection.recvmsg(4, socket.CMSG_SPACE(12))
    streams = array.array("i")
    streams.frombytes(ancillary[0][2])
    with connection.makefile("rb") as stream:
        request = json.loads(stream.read(int.from_bytes(head, "big")))
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # The CLI finds its own data by a variable that it sets when it is imported.
    data = os.environ["AWS_DATA_PATH"]
    os.environ.clear()
    os.environ.update({**request["env"], "AWS_DATA_PATH": data})
    os.chdir(request["cwd"])
    sys.stdin, sys.stdout, sys.stderr = (open(number, mode) for number, mode in ((0, "r"), (1, "w"), (2, "w")))
    words = request["words"]
    try:
        if words[:2] == ["cloudformation", "deploy"]:
            if request["env"].get("CLOUD_KIND") == "ministack":
                status = ministack_aws.deploy(words[2:], driver.main)
            else:
                status = moto_aws.deploy(words[2:])
        else:
            status = driver.main(words)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(bytes([(status or 0) & 0xFF]))


class Hurry:
    """The time module of waiters: servers on this machine are done before the CLI's 5 to 30 seconds."""

    def sleep(self, seconds):
        time.sleep(min(seconds, 0.1))


def prepared():
    """The CLI with the files that each of its calls would read already loaded."""
    botocore.waiter.time = Hurry()
    driver = clidriver.create_clidriver()
    loader = driver.session.get_component("data_loader")
    loader.load_data("endpoints")
    loader.load_data("partitions")
    loader.load_data("cli")
    for service in SERVICES:
        loader.load_service_model(service, "service-2")
        loader.load_service_model(service, "endpoint-rule-set-1")
    return driver


def serve(path):
    driver = prepared()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(16)
        running = set()
        while True:
            connection, _ = listener.accept()
            child = os.fork()
            if child == 0:
                listener.close()
                answer(driver, connection)
                os._exit(0)
            connection.close()
            running.add(child)
            running -= {pid for pid in running if os.waitpid(pid, os.WNOHANG)[0]}


if __name__ == "__main__":
    if sys.argv[1] == "call":
        sys.exit(call(sys.argv[2], sys.argv[3:]))
    import botocore.waiter
    from awscli import clidriver

    sys.path.insert(0, os.path.dirname(__file__))
    import ministack_aws
    import moto_aws

    serve(sys.argv[2])
