// The events that name new objects, distinguished by their JSON structure.
//
//   S3            {"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name"},"object":{"key",…}}}]}
//   S3's test     {"Service":"Amazon S3","Event":"s3:TestEvent",…}
//   EventBridge   {"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name"},"object":{"key",…}}}
//   SNS           {"Records":[{"Sns":{"Message":"<one of the above>"}}]}
//   SQS           {"Records":[{"messageId":…,"body":"<one of the above, or SNS's {"Type","Message"} around one>"}]}

import AWS
import FoundationEssentials
import S3

/// The contents of an event.
struct Event: Equatable {
  /// Created objects, in order of appearance.
  var objects: [InputObject] = []
  /// The ids of all SQS messages, in order; nil where the event is not a batch of SQS.
  var messageIDs: [String]?
  /// Messages that are not a supported event: the index of each, and why.
  var malformed: [(message: Int, reason: EventError)] = []
  /// Records about anything but a created object, which are passed over.
  var otherRecords = 0

  static func == (left: Event, right: Event) -> Bool {
    left.objects == right.objects && left.messageIDs == right.messageIDs && left.otherRecords == right.otherRecords
      && left.malformed.elementsEqual(right.malformed) { $0 == $1 }
  }

  /// The largest event: four times what Lambda takes.
  static let maximumSize = 24 << 20
  /// SNS in SQS around S3's records is three.
  private static let maximumNesting = 4

  /// Reads an event.
  ///
  /// A batch of SQS never throws for one of its messages: the others are worked on, and that one is `malformed`.
  init(json bytes: [UInt8]) throws(EventError) {
    try read(bytes, nesting: 0, message: nil)
  }

  private mutating func read(_ bytes: [UInt8], nesting: Int, message: Int?) throws(EventError) {
    guard bytes.count <= Self.maximumSize else { throw .tooLarge(bytes: bytes.count) }
    guard nesting < Self.maximumNesting else { throw .nestedTooDeeply }
    guard let wire = try? JSONDecoder().decode(WireEvent.self, from: Data(bytes)) else { throw .notAnEvent }
    if let records = wire.records {
      for record in records { try read(record, nesting: nesting, message: message) }
    } else if wire.event == "s3:TestEvent" {
      return
    } else if let detail = wire.detail, wire.source == "aws.s3" {
      guard wire.detailType == "Object Created" else {
        otherRecords += 1
        return
      }
      // EventBridge gives keys as they are.
      try append(detail, key: detail.object.key.utf8, message: message)
    } else if let inner = wire.message, wire.type == "Notification" {
      try read(Array(inner.utf8), nesting: nesting + 1, message: message)
    } else {
      throw .unknownShape
    }
  }

  private mutating func read(_ record: WireEvent.Record, nesting: Int, message: Int?) throws(EventError) {
    if let entity = record.s3 {
      guard record.isObjectCreated else {
        otherRecords += 1
        return
      }
      guard let key = formDecoded(entity.object.key.utf8) else { throw .malformedKey(entity.object.key) }
      try append(entity, key: key, message: message)
    } else if let notification = record.sns {
      try read(Array(notification.message.utf8), nesting: nesting + 1, message: message)
    } else if let id = record.messageID, let body = record.body {
      guard nesting == 0 else { throw .nestedTooDeeply }
      let place = messageIDs?.count ?? 0
      messageIDs = (messageIDs ?? []) + [id]
      var one = Event()
      do throws(EventError) {
        try one.read(Array(body.utf8), nesting: nesting + 1, message: place)
        objects += one.objects
        otherRecords += one.otherRecords
      } catch {
        // All or nothing: the whole message comes again.
        malformed.append((place, error))
      }
    } else {
      throw .unknownShape
    }
  }

  private init() {}

  private mutating func append(
    _ entity: WireEvent.Entity, key: some Sequence<UInt8>, message: Int?
  ) throws(EventError) {
    let key = Key(bytes: Array(key))
    guard isBucketName(entity.bucket.name) else { throw .malformedBucket(entity.bucket.name) }
    guard key.isText, (1...Key.maximumLength).contains(key.bytes.count) else { throw .malformedKey(entity.object.key) }
    guard (entity.object.size ?? 0) >= 0 else { throw .notAnEvent }
    let record = ObjectRecord(
      bucket: entity.bucket.name, key: key, versionID: entity.object.versionID, size: entity.object.size,
      etag: entity.object.etag)
    objects.append(InputObject(record: record, sequencer: entity.object.sequencer ?? "", message: message))
  }
}

/// Why an input is not an event.
enum EventError: Error, Equatable {
  /// Not JSON, or a field of another type than the event has.
  case notAnEvent
  case unknownShape
  case malformedKey(String)
  case malformedBucket(String)
  case nestedTooDeeply
  case tooLarge(bytes: Int)
}

extension EventError {
  var sentence: String {
    switch self {
    case .notAnEvent: "neither an event in JSON nor a list of objects"
    case .unknownShape: "JSON, but not an event of S3, SQS, SNS or EventBridge"
    case .malformedKey(let key): "the key \(key) is not UTF-8 of 1 to 1024 bytes, or is wrongly encoded"
    case .malformedBucket(let name): "\(name) is not a bucket name"
    case .nestedTooDeeply: "events are nested too deeply"
    case .tooLarge: "an event of more than \(Event.maximumSize) bytes"
    }
  }
}
