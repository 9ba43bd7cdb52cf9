// The objects that go into a stream: those of a prefix, or those of a list.

import AWS
import HTTP
import S3
import Streams

/// Objects in the order in which they are written.
@Loop protocol ObjectSource: AnyObject {
  /// The next object and the name it has in the stream.
  func next() async throws(SyncError) -> (object: ObjectRecord, name: ItemName)?
}

/// Everything below a prefix, named relative to it.
@Loop
final class PrefixSource: ObjectSource {
  private let listing: ObjectListing
  private let root: ObjectURI
  private let filter: Filter

  init(_ client: S3.Client, _ root: ObjectURI, filter: Filter) {
    listing = ObjectListing(client, root, anyOrder: true)
    self.root = root
    self.filter = filter
  }

  func next() async throws(SyncError) -> (object: ObjectRecord, name: ItemName)? {
    while let object = try await listing.nextObject() {
      let name = object.key.droppingFirst(root.key.bytes.count)
      // An empty object that ends in a slash is how consoles make a folder.
      if name.bytes.isEmpty || (name.endsInSlash && object.size == 0) || !filter.admits(name) { continue }
      return (object, ItemName(bytes: name.bytes))
    }
    return nil
  }
}

/// The lines of a list: object records or `s3://` URIs. A URI that ends in a slash stands for everything below it.
/// Names are whole keys.
@Loop
final class ListSource: ObjectSource {
  private let client: S3.Client
  private let lines: LineReader
  private let filter: Filter
  private var listing: ObjectListing?

  init(_ client: S3.Client, _ lines: LineReader, filter: Filter) {
    self.client = client
    self.lines = lines
    self.filter = filter
  }

  func next() async throws(SyncError) -> (object: ObjectRecord, name: ItemName)? {
    while true {
      while let listing {
        guard let object = try await listing.nextObject() else {
          self.listing = nil
          break
        }
        if object.key.endsInSlash && object.size == 0 { continue }
        if filter.admits(object.key) { return (object, ItemName(bytes: object.key.bytes)) }
      }
      guard let line = try await lines.next() else { return nil }
      if line.isEmpty { continue }
      guard let object = ObjectRecord(line: line) else { throw .malformedLine(number: lines.number) }
      if object.uri.isPrefix && object.size == nil {
        listing = ObjectListing(client, object.uri, anyOrder: true)
        continue
      }
      if filter.admits(object.key) { return (object, ItemName(bytes: object.key.bytes)) }
    }
  }
}
