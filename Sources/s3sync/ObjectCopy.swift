// One object to another within S3: no byte of it comes here.

import AWS
import HTTP
import S3

@Loop
struct ObjectCopy {
  let client: S3.Client
  let options: TransferOptions
  let progress: Progress?

  /// - Parameter entry: size and tag of the source as listed.
  func run(_ source: ObjectURI, _ entry: Entry, to target: ObjectURI) async throws(SyncError) -> StoreOutcome {
    let request = GetRequest(source, ifMatch: entry.etag)
    let partSize = options.partSize ?? TransferOptions.copyPartSize
    if options.onlyIfAbsent, try await exists(target) { return .exists }
    if entry.size > min(max(partSize, MultipartPlan.minimumPartSize), S3.Client.maximumCopySize) {
      try await inParts(request, entry, partSize, target)
    } else {
      _ = try await call { () async throws(ServiceError) in
        try await client.copy(request, to: target, attributes: options.attributes)
      }
    }
    progress?.add(bytes: Int(entry.size))
    return .stored(size: entry.size)
  }

  /// CopyObject knows no "only if absent", so the target is asked for before.
  private func exists(_ target: ObjectURI) async throws(SyncError) -> Bool {
    do throws(ServiceError) {
      _ = try await client.head(GetRequest(target))
      return true
    } catch {
      if error.kind == .missing { return false }
      throw .service(error)
    }
  }

  private func inParts(
    _ source: GetRequest, _ entry: Entry, _ partSize: Int64, _ target: ObjectURI
  ) async throws(SyncError) {
    // A copy in parts is a new object: what the source carries has to be given to it.
    let description = try await call { () async throws(ServiceError) in try await client.head(source) }
    let plan = MultipartPlan(size: entry.size, partSize: partSize)
    let store = PartStore(client, options)
    try await store.begin(target, description.attributes(overriddenBy: options.attributes), hasChecksums: false)
    do throws(SyncError) {
      try await forEachPart(plan.partCount, limit: TransferOptions.partsAtOnce) { index throws(SyncError) in
        try await store.add(number: index + 1, copying: source, range: plan.range(index))
      }
      try await store.complete()
    } catch {
      await store.abort()
      throw error
    }
  }
}

extension ObjectDescription {
  /// Type, cache rule and metadata of the object, where the flags give none.
  fileprivate func attributes(overriddenBy given: ObjectAttributes) -> ObjectAttributes {
    var result = given
    if given.contentType == nil && given.cacheControl == nil && given.metadata.isEmpty {
      result.contentType = headers["content-type"]
      result.cacheControl = headers["cache-control"]
      let prefix = "x-amz-meta-"
      for (name, value) in headers.fields where name.lowercased().hasPrefix(prefix) {
        result.metadata.append((String(name.dropFirst(prefix.count)), value))
      }
    }
    return result
  }
}
