// Every shape of event, and input that is not an event.

import S3
import Testing

@testable import batchsubmit

private func s3Event(_ keys: [String], event: String = "ObjectCreated:Put", bucket: String = "photos") -> String {
  let records = keys.enumerated().map { index, key in
    """
    {"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-west-1","eventTime":"2026-11-22T16:00:00.000Z",
     "eventName":"\(event)","s3":{"s3SchemaVersion":"1.0","bucket":{"name":"\(bucket)","arn":"arn:aws:s3:::x"},
     "object":{"key":"\(key)","size":1024,"eTag":"0123456789abcdef0123456789abcdef","versionId":"v\(index)",
     "sequencer":"0A1B2C3D4E5F67\(index)0"}}}
    """
  }
  return #"{"Records":[\#(records.joined(separator: ","))]}"#
}

private func quoted(_ json: String) -> String {
  "\"" + json.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
}

private func sqs(_ bodies: [String]) -> String {
  let records = bodies.enumerated().map {
    #"{"messageId":"m\#($0)","receiptHandle":"r","body":\#(quoted($1)),"eventSource":"aws:sqs"}"#
  }
  return #"{"Records":[\#(records.joined(separator: ","))]}"#
}

private func snsEnvelope(_ message: String) -> String {
  #"{"Type":"Notification","MessageId":"1","TopicArn":"t","Subject":"Amazon S3 Notification","Message":\#(quoted(message))}"#
}

private func sns(_ message: String) -> String {
  #"{"Records":[{"EventSource":"aws:sns","Sns":{"Type":"Notification","Message":\#(quoted(message))}}]}"#
}

private func eventBridge(_ key: String, type: String = "Object Created") -> String {
  """
  {"version":"0","id":"1","detail-type":"\(type)","source":"aws.s3","account":"111122223333","resources":[],
   "detail":{"version":"0","bucket":{"name":"photos"},"object":{"key":"\(key)","size":5,"etag":"ab","version-id":"v",
   "sequencer":"00"},"reason":"PutObject"}}
  """
}

private let testEvent =
  #"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-22T16:00:00.000Z","Bucket":"photos","RequestId":"1"}"#

private func keys(_ json: String) throws -> [String] {
  try Event(json: Array(json.utf8)).objects.map(\.record.key.text)
}

@Suite struct EventTests {
  @Test(arguments: [
    s3Event(["input/a.jpg"]), sqs([s3Event(["input/a.jpg"])]), sns(s3Event(["input/a.jpg"])),
    sqs([snsEnvelope(s3Event(["input/a.jpg"]))]), sqs([eventBridge("input/a.jpg")]), eventBridge("input/a.jpg"),
    sns(eventBridge("input/a.jpg")), sqs([snsEnvelope(eventBridge("input/a.jpg"))]),
  ])
  func everyShapeNamesTheObject(json: String) throws {
    #expect(try keys(json) == ["input/a.jpg"])
  }

  @Test func everyFieldOfARecordIsTaken() throws {
    let object = try #require(Event(json: Array(s3Event(["a.jpg"]).utf8)).objects.first)
    #expect(
      object.record
        == ObjectRecord(
          bucket: "photos", key: Key("a.jpg"), versionID: "v0", size: 1024, etag: "0123456789abcdef0123456789abcdef"))
    #expect(object.sequencer == "0A1B2C3D4E5F6700")
    let other = try #require(Event(json: Array(eventBridge("b.jpg").utf8)).objects.first)
    #expect(
      other.record == ObjectRecord(bucket: "photos", key: Key("b.jpg"), versionID: "v", size: 5, etag: "ab"))
  }

  // In S3's own events keys are form-encoded, in EventBridge's they are not.
  @Test(arguments: [
    ("a+b", "a b"), ("a%2Bb", "a+b"), ("a%20b", "a b"), ("%C3%A9.jpg", "é.jpg"), ("100%25.jpg", "100%.jpg"),
    ("%2B%2525", "+%25"), ("a/b%2Fc", "a/b/c"), ("%F0%9F%90%88", "🐈"),
  ])
  func keysAreFormDecodedOnce(encoded: String, key: String) throws {
    #expect(try keys(s3Event([encoded])) == [key])
    #expect(try keys(eventBridge(encoded)) == [encoded])
  }

  @Test(arguments: ["a%2", "a%zz", "%", "%FF.jpg", "", String(repeating: "a", count: 1025)])
  func malformedKeysAreRefused(encoded: String) {
    #expect(throws: EventError.malformedKey(encoded)) { try keys(s3Event([encoded])) }
  }

  @Test func aTestEventAndEmptyBatchesBringNothing() throws {
    for json in [testEvent, sqs([testEvent]), sns(testEvent), #"{"Records":[]}"#, sqs([#"{"Records":[]}"#])] {
      #expect(try keys(json) == [])
    }
  }

  @Test func onlyCreationsCount() throws {
    for json in [s3Event(["a.jpg"], event: "ObjectRemoved:Delete"), eventBridge("a.jpg", type: "Object Deleted")] {
      let event = try Event(json: Array(json.utf8))
      #expect(event.objects.isEmpty && event.otherRecords == 1)
    }
    for name in [
      "s3:ObjectCreated:Put", "s3:ObjectCreated:CompleteMultipartUpload", "ObjectCreated:Post", "ObjectCreated:Copy",
      "ObjectCreated:CompleteMultipartUpload",
    ] {
      #expect(try keys(s3Event(["a.jpg"], event: name)) == ["a.jpg"])
    }
  }

  @Test func oneBadMessageLeavesTheOthers() throws {
    let event = try Event(
      json: Array(sqs([s3Event(["a.jpg"]), "hello", s3Event(["b.jpg", "%"]), s3Event(["c.jpg"])]).utf8))
    #expect(event.messageIDs == ["m0", "m1", "m2", "m3"])
    #expect(event.objects.map(\.record.key.text) == ["a.jpg", "c.jpg"])
    #expect(event.objects.map(\.message) == [0, 3])
    #expect(event.malformed.map(\.message) == [1, 2])
  }

  @Test(arguments: [
    ("hello", EventError.notAnEvent), ("", .notAnEvent), ("[]", .notAnEvent), ("{}", .unknownShape),
    ("null", .notAnEvent), (#"{"Records":[{}]}"#, .unknownShape), (#"{"Records":[1]}"#, .notAnEvent),
    (#"{"Records":{"s3":1}}"#, .notAnEvent), (s3Event(["a"], bucket: "../x"), .malformedBucket("../x")),
    (sns(sns(sns(sns(s3Event(["a"]))))), .nestedTooDeeply),
  ])
  func inputThatIsNotAnEventIsATypedError(json: String, error: EventError) {
    #expect(throws: error) { try keys(json) }
  }

  @Test func enormousJSONIsATypedError() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: EventError.notAnEvent) { try keys(deep) }
    #expect(throws: EventError.notAnEvent) { try keys(#"{"a":"# + deep) }
    #expect(throws: EventError.unknownShape) { try keys(#"{"a":"# + String(repeating: "9", count: 100_000) + "}") }
    #expect(throws: EventError.tooLarge(bytes: Event.maximumSize + 1)) {
      try Event(json: [UInt8](repeating: 0x20, count: Event.maximumSize + 1))
    }
  }

  @Test func everyCutIsAResultOrATypedError() throws {
    let whole = Array(sqs([snsEnvelope(s3Event(["input/%C3%A9+1.jpg"])), testEvent]).utf8)
    for length in 0..<whole.count {
      #expect(throws: EventError.self) { try Event(json: Array(whole[..<length])) }
    }
    for index in whole.indices {
      for bit in 0..<8 {
        var flipped = whole
        flipped[index] ^= 1 << UInt8(bit)
        do { _ = try Event(json: flipped) } catch { #expect(error is EventError) }
      }
    }
  }
}
