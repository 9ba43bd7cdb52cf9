"""Lambda's event source mapping: messages of an SQS queue, in batches, to a function that may refuse some of them."""

import json
import time


class EventSource:
    """Polls `queue` and hands what arrives within `window` seconds to `function`."""

    def __init__(self, sqs, queue_url, queue_arn, function, window=1.0, largest=5000):
        self.sqs, self.queue_url, self.queue_arn, self.function = sqs, queue_url, queue_arn, function
        self.window, self.largest = window, largest

    def receive(self):
        """The messages of one batching window; none when the queue stays empty."""
        messages, end = [], None
        while len(messages) < self.largest and (end is None or time.monotonic() < end):
            found = self.sqs.receive_message(
                QueueUrl=self.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=0, AttributeNames=["All"]).get("Messages", [])
            if found and end is None:
                end = time.monotonic() + self.window
            if not found:
                if end is None:
                    break
                time.sleep(0.05)
            messages += found
        return messages

    def event(self, messages):
        """The event that Lambda makes of messages."""
        return {"Records": [
            {"messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
             "attributes": message.get("Attributes", {}), "messageAttributes": {}, "eventSource": "aws:sqs",
             "eventSourceARN": self.queue_arn, "awsRegion": self.queue_arn.split(":")[3]} for message in messages]}

    def step(self):
        """One batch: how many messages came, and the names of those that stay in the queue."""
        messages = self.receive()
        if not messages:
            return 0, set()
        answer = self.function.invoke(json.dumps(self.event(messages)).encode())
        failed = refused(answer, {message["MessageId"] for message in messages})
        for message in messages:
            if message["MessageId"] not in failed:
                self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return len(messages), failed


def refused(answer, names):
    """The messages that the function did not take. An answer that is not of the form refuses all, as in Lambda."""
    try:
        failures = json.loads(answer)["batchItemFailures"]
        return {failure["itemIdentifier"] for failure in failures}
    except (ValueError, KeyError, TypeError):
        return set(names)
