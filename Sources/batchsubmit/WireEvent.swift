// The fields of all events together, as JSON has them.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html

/// Every field is optional: those that are present identify the kind of event.
struct WireEvent: Decodable {
  let records: [Record]?
  let event: String?
  let source: String?
  let detailType: String?
  let detail: Entity?
  let type: String?
  let message: String?

  private enum CodingKeys: String, CodingKey {
    case records = "Records"
    case event = "Event"
    case source
    case detailType = "detail-type"
    case detail
    case type = "Type"
    case message = "Message"
  }

  struct Record: Decodable {
    let eventName: String?
    let s3: Entity?
    let sns: Notification?
    let messageID: String?
    let body: String?

    /// S3 writes `ObjectCreated:Put`; MinIO and others write `s3:ObjectCreated:Put`, as S3's configuration does.
    var isObjectCreated: Bool {
      ["ObjectCreated:", "s3:ObjectCreated:"].contains { eventName?.hasPrefix($0) ?? false }
    }

    private enum CodingKeys: String, CodingKey {
      case eventName, s3
      case sns = "Sns"
      case messageID = "messageId"
      case body
    }
  }

  struct Notification: Decodable {
    let message: String

    private enum CodingKeys: String, CodingKey { case message = "Message" }
  }

  /// Bucket and object, the same in S3's own events and EventBridge's but for the names of two fields.
  struct Entity: Decodable {
    struct Bucket: Decodable { let name: String }
    let bucket: Bucket
    let object: Object
  }

  struct Object: Decodable {
    let key: String
    let size: Int64?
    let etag: String?
    let versionID: String?
    let sequencer: String?

    private enum CodingKeys: String, CodingKey {
      case key, size, etag, sequencer
      case eTag, versionId
      case versionDashID = "version-id"
    }

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      key = try fields.decode(String.self, forKey: .key)
      size = try fields.decodeIfPresent(Int64.self, forKey: .size)
      sequencer = try fields.decodeIfPresent(String.self, forKey: .sequencer)
      etag =
        try fields.decodeIfPresent(String.self, forKey: .eTag) ?? fields.decodeIfPresent(String.self, forKey: .etag)
      versionID =
        try fields.decodeIfPresent(String.self, forKey: .versionId)
        ?? fields.decodeIfPresent(String.self, forKey: .versionDashID)
    }
  }
}
