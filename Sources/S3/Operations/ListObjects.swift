// ListObjectsV2: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html

package import AWS
import HTTP

/// A page of a listing.
package struct ListPage: Equatable, Sendable {
  package var objects: [ObjectRecord] = []
  /// With a delimiter: the common beginnings of keys that contain it after the prefix, the delimiter included.
  package var prefixes: [Key] = []
  /// Where the next page begins; nil on the last.
  package var continuationToken: String?
}

extension Client {
  /// The next page of all objects whose keys begin so, in order of UTF-8 bytes.
  ///
  /// - Parameters:
  ///   - continuationToken: of the page before, or nil for the first.
  ///   - after: the last key of the page before; a page that goes back is refused.
  ///   - anyOrder: accepts pages in any order, as S3 Express and some other stores give them.
  ///   - delimiter: keys that contain it after the prefix are given as `prefixes`.
  ///   - limit: objects and prefixes of the page, at most 1,000; nil leaves it to the service.
  package func list(
    _ bucket: String, prefix: Key, continuationToken: String?, after: Key?, anyOrder: Bool = false,
    delimiter: String? = nil, limit: Int? = nil
  ) async throws(ServiceError) -> ListPage {
    var page = ListPage()
    _ = try await send("GET", bucket, nil) { call in
      if let continuationToken {
        call.query.append(("continuation-token", percentEncoded(continuationToken.utf8)))
      }
      if let delimiter { call.query.append(("delimiter", percentEncoded(delimiter.utf8))) }
      call.query += [("encoding-type", "url"), ("list-type", "2")]
      if let limit { call.query.append(("max-keys", String(limit))) }
      call.query.append(("prefix", percentEncoded(prefix.bytes)))
    } check: { (response) throws(ServiceError) in
      page = try document("listing of \(bucket)", in: response) { (xml) throws(XMLError) in
        try listPage(xml, bucket: bucket)
      }
      try check(page, bucket: bucket, prefix: prefix, after: after, anyOrder: anyOrder)
      if let next = page.continuationToken, next == continuationToken {
        throw .malformedResponse("listing of \(bucket): repeated continuation token")
      }
    }
    return page
  }
}

/// Comparing two sides relies on the order of both.
private func check(
  _ page: ListPage, bucket: String, prefix: Key, after: Key?, anyOrder: Bool
) throws(ServiceError) {
  var previous = after
  for object in page.objects {
    if !anyOrder, let previous, !(previous < object.key) {
      throw .malformedResponse(
        "listing of \(bucket) is not sorted, which comparing needs: \(object.key.text) comes after \(previous.text)")
    }
    guard object.key.hasPrefix(prefix) else {
      throw .malformedResponse("listing of \(bucket): \(object.key.text) does not begin with \(prefix.text)")
    }
    previous = object.key
  }
}

/// Reads a `ListBucketResult`.
func listPage(_ xml: [UInt8], bucket: String) throws(XMLError) -> ListPage {
  var reader = XMLReader(xml)
  guard try reader.next() == .start("ListBucketResult") else { throw .unexpectedElement("at the root") }
  var page = ListPage()
  var isTruncated = false
  var isURLEncoded = false
  while let name = try reader.nextChild() {
    switch name {
    case "Contents": page.objects.append(try listedObject(&reader, bucket: bucket))
    case "CommonPrefixes":
      while let field = try reader.nextChild() {
        if field == "Prefix" { page.prefixes.append(Key(bytes: try reader.text())) } else { try reader.skipElement() }
      }
    case "IsTruncated": isTruncated = try reader.text() == Array("true".utf8)
    case "NextContinuationToken": page.continuationToken = String(decoding: try reader.text(), as: UTF8.self)
    case "EncodingType": isURLEncoded = try reader.text() == Array("url".utf8)
    default: try reader.skipElement()
    }
  }
  // After the root's end tag only white space may follow.
  guard try reader.next() == .endOfDocument else { throw .malformed(offset: xml.count) }
  if isURLEncoded {
    for index in page.objects.indices {
      guard let key = formDecoded(page.objects[index].key.bytes) else { throw .malformed(offset: 0) }
      page.objects[index].key = Key(bytes: key)
    }
    for index in page.prefixes.indices {
      guard let key = formDecoded(page.prefixes[index].bytes) else { throw .malformed(offset: 0) }
      page.prefixes[index] = Key(bytes: key)
    }
  }
  guard isTruncated == (page.continuationToken != nil) || !isTruncated else { throw .truncated }
  if !isTruncated { page.continuationToken = nil }
  guard page.objects.allSatisfy({ $0.key.isText && !$0.key.bytes.isEmpty }) else { throw .malformed(offset: 0) }
  return page
}

private func listedObject(_ reader: inout XMLReader, bucket: String) throws(XMLError) -> ObjectRecord {
  var key: [UInt8]?
  var size: Int64?
  var etag: String?
  var lastModified: Timestamp?
  while let name = try reader.nextChild() {
    switch name {
    case "Key": key = try reader.text()
    case "Size": size = objectSize(String(decoding: try reader.text(), as: UTF8.self))
    case "ETag": etag = entityTag(String(decoding: try reader.text(), as: UTF8.self))
    case "LastModified": lastModified = Timestamp(iso8601: String(decoding: try reader.text(), as: UTF8.self))
    default: try reader.skipElement()
    }
  }
  guard let key, let size else { throw .unexpectedElement("Contents") }
  return ObjectRecord(bucket: bucket, key: Key(bytes: key), size: size, etag: etag, lastModified: lastModified)
}
