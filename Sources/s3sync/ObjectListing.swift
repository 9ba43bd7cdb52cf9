// A prefix's objects as a sorted stream; the next page is fetched while one is worked on.

import AWS
import HTTP
import S3

@Loop
final class ObjectListing: EntryStream {
  /// The page after the one being read.
  private enum NextPage {
    case first
    case requested(Task<Result<ListPage, ServiceError>, Never>)
    case none
  }

  private let client: S3.Client
  private let root: ObjectURI
  private let anyOrder: Bool
  private var page: [ObjectRecord] = []
  private var position = 0
  private var nextPage = NextPage.first

  /// - Parameter anyOrder: the objects may come in any order: nothing is compared with them.
  init(_ client: S3.Client, _ root: ObjectURI, anyOrder: Bool = false) {
    self.client = client
    self.root = root
    self.anyOrder = anyOrder
  }

  /// The next object, with its whole key.
  func nextObject() async throws(SyncError) -> ObjectRecord? {
    while position == page.count {
      let task: Task<Result<ListPage, ServiceError>, Never>
      switch nextPage {
      case .first: task = request(continuationToken: nil, after: nil)
      case .requested(let requested): task = requested
      case .none: return nil
      }
      nextPage = .none
      let next: ListPage
      switch await task.valueCancelledWithCaller {
      case .success(let arrived): next = arrived
      case .failure(let error): throw .service(error)
      }
      let last = next.objects.last?.key ?? page.last?.key
      page = next.objects
      position = 0
      if let token = next.continuationToken {
        nextPage = .requested(request(continuationToken: token, after: last))
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
        key: object.key.droppingFirst(root.key.bytes.count), size: object.size ?? 0, modified: object.lastModified,
        etag: object.etag)
    }
    return nil
  }

  private func request(continuationToken: String?, after: Key?) -> Task<Result<ListPage, ServiceError>, Never> {
    let (client, root, anyOrder) = (self.client, self.root, self.anyOrder)
    return Loop.task {
      await Result { () async throws(ServiceError) in
        try await client.list(
          root.bucket, prefix: root.key, continuationToken: continuationToken, after: after, anyOrder: anyOrder)
      }
    }
  }
}
