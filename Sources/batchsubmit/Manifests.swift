// What each child reads: one manifest of object records, named by a hash of all of them.

import ASCII
import AWS
import Crypto
import S3

/// The manifests of a plan, and where they are kept.
struct Manifests {
  /// `MANIFEST_PREFIX/<hash>`: the same images cut the same way have the same place.
  let folder: ObjectURI
  /// 32 hexadecimal digits: half of a SHA-256 suffices, because it is not a protection against forgery.
  let hash: String
  static let hashLength = 32
  private let objects: [InputObject]
  private let plan: Plan

  /// - Parameters:
  ///   - objects: in order and each once; `plan.images` of them.
  ///   - prefix: ends in `/`, or is a whole bucket.
  init(_ objects: [InputObject], plan: Plan, prefix: ObjectURI) {
    precondition(objects.count == plan.images)
    self.objects = objects
    self.plan = plan
    var digest = SHA256()
    for child in 0..<plan.children {
      for object in objects[plan.range(ofChild: child)] { digest.update(data: object.record.line) }
      // No record is an empty line, so no two ways of cutting look the same.
      digest.update(data: [UInt8(ascii: "\n")])
    }
    hash = hexadecimal(digest.finalize().prefix(Self.hashLength / 2))
    folder = ObjectURI(bucket: prefix.bucket, key: prefix.key.appending(Key(hash)))
  }

  /// The manifest of a child: object records, one a line.
  func content(ofChild child: Int) -> [UInt8] {
    var text: [UInt8] = []
    for object in objects[plan.range(ofChild: child)] { text += object.record.line }
    return text
  }

  /// Where a child's manifest is: `…/00007.ndjson`.
  func location(ofChild child: Int) -> ObjectURI {
    ObjectURI(bucket: folder.bucket, key: folder.key.appending(Key("/\(number(child)).ndjson")))
  }

  /// The marker object that records that a job was submitted. The name depends on everything the job was submitted
  /// with, so the same images can be submitted to another queue, or with another model.
  ///
  /// - Parameter first: the job's first manifest; nil for the job that joins the parts.
  func marker(first: Int?, request: [UInt8]) -> ObjectURI {
    let job = first.map(number) ?? "merge"
    let hash = hexadecimal(SHA256.hash(data: request).prefix(8))
    return ObjectURI(bucket: folder.bucket, key: folder.key.appending(Key("/submitted-\(job)-\(hash).json")))
  }
}

/// At least five decimal digits.
func number(_ value: Int) -> String { zeroPadded(String(value), to: 5) }
