// One object as the tools tell each other: {"bucket","key","versionId"?,"size","etag","lastModified"}, one a line.

package import AWS
import FoundationEssentials
import Streams

/// An object as a listing, a manifest or an event names it.
package struct ObjectRecord: Equatable, Sendable {
  package var bucket: String
  package var key: Key
  package var versionID: String?
  /// Bytes; nil where an event or a list does not say.
  package var size: Int64?
  /// Without quotes.
  package var etag: String?
  package var lastModified: Timestamp?

  package init(
    bucket: String, key: Key, versionID: String? = nil, size: Int64? = nil, etag: String? = nil,
    lastModified: Timestamp? = nil
  ) {
    self.bucket = bucket
    self.key = key
    self.versionID = versionID
    self.size = size
    self.etag = etag
    self.lastModified = lastModified
  }

  package var uri: ObjectURI { ObjectURI(bucket: bucket, key: key) }

  /// The record as a line of JSON, keys raw.
  package var line: [UInt8] {
    var json = JSONText()
    json.beginObject()
    json.key("bucket")
    json.string(bucket)
    json.key("key")
    json.string(key.text)
    for (name, value) in [
      ("versionId", versionID.map(Value.text)), ("size", size.map(Value.number)), ("etag", etag.map(Value.text)),
      ("lastModified", (lastModified?.iso8601).map(Value.text)),
    ] {
      guard let value else { continue }
      json.key(name)
      switch value {
      case .text(let text): json.string(text)
      case .number(let number): json.integer(Int(number))
      }
    }
    json.endObject()
    json.endLine()
    return json.bytes
  }

  private enum Value {
    case text(String)
    case number(Int64)
  }

  private struct Wire: Decodable {
    let bucket: String
    let key: String
    let versionId: String?
    let size: Int64?
    let etag: String?
    let lastModified: String?
  }

  /// Reads a line of a list: a record, or an `s3://` URI; nil where it is neither.
  package init?(line: some Sequence<UInt8>) {
    let bytes = Array(line)
    if bytes.starts(with: "s3://".utf8) {
      guard let text = String(validating: bytes, as: UTF8.self), let uri = ObjectURI(text) else { return nil }
      self.init(bucket: uri.bucket, key: uri.key)
      return
    }
    guard let wire = try? JSONDecoder().decode(Wire.self, from: Data(bytes)), isBucketName(wire.bucket),
      (1...Key.maximumLength).contains(wire.key.utf8.count), (wire.size ?? 0) >= 0
    else { return nil }
    let lastModified = wire.lastModified.map(Timestamp.init(iso8601:))
    if case .some(.none) = lastModified { return nil }
    self.init(
      bucket: wire.bucket, key: Key(wire.key), versionID: wire.versionId, size: wire.size,
      etag: wire.etag.map(unquoted), lastModified: lastModified ?? nil)
  }
}
