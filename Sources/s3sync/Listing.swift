// --list: an object record a line; prefixes and buckets likewise.

import AWS
import HTTP
import S3
import Streams

/// Prints the records of everything whose key begins so, page by page.
@Loop
struct Listing {
  let client: S3.Client
  let filter: Filter

  func objects(_ root: ObjectURI) async throws(SyncError) {
    let listing = ObjectListing(client, root, anyOrder: true)
    let output = OutputStream()
    while let object = try await listing.nextObject() {
      guard filter.admits(object.key.droppingFirst(root.key.bytes.count)) else { continue }
      try systemCalls { () throws(SystemError) in try output.write(object.line) }
    }
    try systemCalls { () throws(SystemError) in try output.close() }
  }

  /// One level: objects without the delimiter after the prefix, and what the others begin with, in one order.
  func level(_ root: ObjectURI, delimiter: String) async throws(SyncError) {
    let output = OutputStream()
    var token: String?
    repeat {
      let page = try await call { () async throws(ServiceError) in
        try await client.list(
          root.bucket, prefix: root.key, continuationToken: token, after: nil, delimiter: delimiter)
      }
      let lines =
        page.objects.map { ($0.key, $0.line) } + page.prefixes.map { ($0, prefixLine(root.bucket, $0)) }
      for (key, line) in lines.sorted(by: { $0.0 < $1.0 })
      where filter.admits(key.droppingFirst(root.key.bytes.count)) {
        try systemCalls { () throws(SystemError) in try output.write(line) }
      }
      token = page.continuationToken
    } while token != nil
    try systemCalls { () throws(SystemError) in try output.close() }
  }

  /// All buckets of the account.
  func buckets() async throws(SyncError) {
    let output = OutputStream()
    for bucket in try await call({ () async throws(ServiceError) in try await client.listBuckets() }) {
      let line = JSONText.line { json in
        json.member("bucket", bucket.name)
        json.member("created", ifPresent: bucket.created?.iso8601)
      }
      try systemCalls { () throws(SystemError) in try output.write(line) }
    }
    try systemCalls { () throws(SystemError) in try output.close() }
  }

  private func prefixLine(_ bucket: String, _ prefix: Key) -> [UInt8] {
    JSONText.line { json in
      json.member("bucket", bucket)
      json.member("prefix", prefix.text)
    }
  }
}
