// A prefix's objects as a sorted stream; the next page is under way while one is worked on.

import AWS
import S3

@Loop
final class ObjectListing: EntryStream {
  private let client: S3.Client
  private let root: ObjectURI
  private var page: [ObjectRecord] = []
  private var position = 0
  private var upcoming: Task<Result<ListPage, ServiceError>, Never>?
  private var hasStarted = false

  init(_ client: S3.Client, _ root: ObjectURI) {
    self.client = client
    self.root = root
  }

  /// The next object, key and all.
  func nextObject() async throws(SyncError) -> ObjectRecord? {
    if !hasStarted {
      hasStarted = true
      fetch(continuationToken: nil, after: nil)
    }
    while position == page.count {
      guard let task = upcoming else { return nil }
      upcoming = nil
      switch await task.value {
      case .success(let next):
        let last = next.objects.last?.key ?? page.last?.key
        page = next.objects
        position = 0
        if let token = next.continuationToken { fetch(continuationToken: token, after: last) }
      case .failure(let error): throw .service(error)
      }
    }
    position += 1
    return page[position - 1]
  }

  /// The next object's entry, relative to the prefix. The prefix itself, as consoles make folders, has no name there.
  func next() async throws(SyncError) -> Entry? {
    while let object = try await nextObject() {
      if object.key == root.key { continue }
      return Entry(
        key: object.key.droppingFirst(root.key.bytes.count), size: object.size ?? 0,
        modified: object.lastModified ?? Timestamp(seconds: 0), etag: object.etag)
    }
    return nil
  }

  private func fetch(continuationToken: String?, after: Key?) {
    let client = self.client
    let root = self.root
    upcoming = Task { @Loop in
      do throws(ServiceError) {
        return .success(
          try await client.list(root.bucket, prefix: root.key, continuationToken: continuationToken, after: after))
      } catch {
        return .failure(error)
      }
    }
  }
}
