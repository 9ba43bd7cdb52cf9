// One object to another within S3: a server-side copy.

import AWS
import HTTP
import S3

@Loop
struct ObjectCopy {
  let context: TransferContext

  private var client: S3.Client { context.client }
  private var options: TransferOptions { context.options }

  /// - Parameter entry: size and tag of the source as listed.
  func run(_ source: ObjectURI, _ entry: Entry, to target: ObjectURI) async throws(SyncError) -> StoreOutcome {
    let request = GetRequest(source, ifMatch: entry.etag)
    let partSize = options.partSize ?? TransferOptions.copyPartSize
    if options.onlyIfAbsent, try await exists(target) { return .exists }
    if entry.size > min(max(partSize, MultipartPlan.minimumPartSize), S3.Client.maximumCopySize) {
      try await inParts(request, entry, partSize, target)
      context.progress?.add(bytes: entry.size)
      return .stored(size: entry.size, options.verifies ? try await verify(source, target) : .lengthAndRanges)
    }
    let etag = try await call { () async throws(ServiceError) in
      try await client.copy(request, to: target, attributes: options.attributes)
    }
    context.progress?.add(bytes: entry.size)
    // The same MD5 is the same bytes.
    if let etag, etag == entry.etag, md5(ofEntityTag: etag) != nil { return .stored(size: entry.size, .md5Tag) }
    return .stored(size: entry.size, options.verifies ? try await verify(source, target) : .lengthAndRanges)
  }

  /// --verify: the service's checksums of the two objects.
  private func verify(_ source: ObjectURI, _ target: ObjectURI) async throws(SyncError) -> Verification {
    let left = try await call { () async throws(ServiceError) in try await client.head(GetRequest(source)) }
    let right = try await call { () async throws(ServiceError) in try await client.head(GetRequest(target)) }
    guard left.size == right.size else { throw .checksum }
    guard let checksum = left.checksum, let copied = right.checksum else { return .lengthAndRanges }
    let verification = Verification(checksum)
    guard verification == Verification(copied) else { return .lengthAndRanges }
    guard checksum == copied else { throw .checksum }
    return verification
  }

  /// Not every service has a conditional CopyObject, so the target is asked for before.
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
    // A copy in parts is a new object, which does not inherit the source's headers and metadata.
    let description = try await call { () async throws(ServiceError) in try await client.head(source) }
    let plan = MultipartPlan(size: entry.size, partSize: partSize)
    let store = PartStore(client)
    try await store.begin(target, description.attributes(overriddenBy: options.attributes), hasChecksums: false)
    do throws(SyncError) {
      try await forEachPart(plan.partCount, limit: TransferOptions.partsAtOnce) { index throws(SyncError) in
        try await store.add(number: index + 1, copying: source, range: plan.range(index))
      }
      _ = try await store.complete(onlyIfAbsent: options.onlyIfAbsent)
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
    if !given.replacesMetadata {
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
