// The object record that the tools exchange: {"bucket","key","versionId"?,"size","etag","lastModified"}, one a line.

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
    JSONText.line { json in
      json.member("bucket", bucket)
      json.member("key", key.text)
      json.member("versionId", ifPresent: versionID)
      if let size { json.member("size", Int(size)) }
      json.member("etag", ifPresent: etag)
      json.member("lastModified", ifPresent: lastModified?.iso8601)
    }
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
