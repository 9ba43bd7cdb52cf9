// An object to be classified, and how repeated deliveries of it are ordered.

import AWS
import S3

/// An object record and what an event adds to it.
struct InputObject: Equatable, Sendable {
  var record: ObjectRecord
  /// Of S3's events, hexadecimal: of two events for one key the later has the greater one. Empty where there is none.
  var sequencer = ""
  /// The index of the SQS message that named it.
  var message: Int?
}

extension [InputObject] {
  /// Puts the objects in order of bucket, key and version, and leaves each once; of several deliveries the latest.
  ///
  /// Events arrive at least once and in any order, so the result depends on neither: the same objects give the same
  /// manifests in any order of arrival.
  mutating func deduplicate() {
    sort(by: precedes)
    var kept = 0
    for index in indices {
      if kept > 0, isSameObject(self[kept - 1], self[index]) { kept -= 1 }
      if kept < index { self[kept] = self[index] }
      kept += 1
    }
    removeLast(count - kept)
  }
}

private func isSameObject(_ left: InputObject, _ right: InputObject) -> Bool {
  left.record.key == right.record.key && left.record.bucket == right.record.bucket
    && left.record.versionID == right.record.versionID
}

/// Order by identity, then by age, then by what is left to tell two deliveries apart.
private func precedes(_ left: InputObject, _ right: InputObject) -> Bool {
  let (a, b) = (left.record, right.record)
  if a.bucket != b.bucket { return a.bucket < b.bucket }
  if a.key != b.key { return a.key < b.key }
  if a.versionID != b.versionID { return (a.versionID ?? "") < (b.versionID ?? "") }
  if left.sequencer != right.sequencer { return isEarlier(left.sequencer, right.sequencer) }
  let (aTime, bTime) = (a.lastModified ?? Timestamp(seconds: 0), b.lastModified ?? Timestamp(seconds: 0))
  if aTime != bTime { return aTime < bTime }
  if a.etag != b.etag { return (a.etag ?? "") < (b.etag ?? "") }
  return (left.message ?? 0) < (right.message ?? 0)
}

/// Whether one sequencer comes before another: they are compared as text, the shorter padded with zeros on its right.
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
func isEarlier(_ left: String, _ right: String) -> Bool {
  let length = Swift.max(left.utf8.count, right.utf8.count)
  func padded(_ text: String) -> [UInt8] {
    Array(text.uppercased().utf8) + [UInt8](repeating: UInt8(ascii: "0"), count: length - text.utf8.count)
  }
  return padded(left).lexicographicallyPrecedes(padded(right))
}
