// One object to another within S3: a server-side copy.

import AWS
import HTTP
import HTTPFields
import S3

/// Copies an object with its headers, metadata and tags; what the flags give replaces the source's, one by one.
@Loop
struct ObjectCopy {
  let context: TransferContext

  private var client: S3.Client { context.client }
  private var options: TransferOptions { context.options }

  /// - Parameters:
  ///   - entry: size and tag of the source as listed.
  ///   - target: the source itself gets the attributes of the flags, and keeps its storage class and encryption otherwise.
  func run(_ source: ObjectURI, _ entry: Entry, to target: ObjectURI) async throws(SyncError) -> StoreOutcome {
    let request = GetRequest(source, ifMatch: entry.etag)
    let partSize = options.partSize ?? TransferOptions.copyPartSize
    let isInPlace = source == target
    if options.onlyIfAbsent, try await exists(target) { return .exists }
    let isInParts = entry.size > min(max(partSize, MultipartPlan.minimumPartSize), S3.Client.maximumCopySize)
    var attributes = options.attributes
    let replaces = isInParts || isInPlace || attributes.replacesMetadata
    if replaces {
      let description = try await call { () async throws(ServiceError) in try await client.head(request) }
      if isInPlace, try await hasAttributes(request, description) { return .current }
      attributes = description.attributes(changedBy: attributes, inPlace: isInPlace)
    }
    if isInParts {
      if attributes.tags.isEmpty { attributes.tags = try await tags(request) }
      try await inParts(request, entry, partSize, attributes, target)
      context.progress?.add(bytes: entry.size)
      return .stored(size: entry.size, options.verifies ? try await verify(source, target) : .lengthAndRanges)
    }
    let etag = try await call { () async throws(ServiceError) in
      try await client.copy(request, to: target, attributes: attributes, copied: replaces ? .tags : .all)
    }
    context.progress?.add(bytes: entry.size)
    // The same MD5 is the same bytes.
    if let etag, etag == entry.etag, md5(ofEntityTag: etag) != nil { return .stored(size: entry.size, .md5Tag) }
    return .stored(size: entry.size, options.verifies ? try await verify(source, target) : .lengthAndRanges)
  }

  /// Whether an object has what the flags ask for, so that rewriting it would change nothing.
  private func hasAttributes(_ object: GetRequest, _ description: ObjectDescription) async throws(SyncError) -> Bool {
    guard description.has(options.attributes) else { return false }
    let wanted = options.attributes.tags
    if wanted.isEmpty { return true }
    let found = try await call { () async throws(ServiceError) in try await client.tags(of: object) }
    return found.sorted { $0 < $1 }.elementsEqual(wanted.sorted { $0 < $1 }) { $0 == $1 }
  }

  /// The source's tags, which a copy in parts does not inherit. Without permission to read them the object is copied
  /// without tags, with a warning.
  private func tags(_ source: GetRequest) async throws(SyncError) -> Query {
    do throws(ServiceError) {
      return try await client.tags(of: source)
    } catch {
      guard error.kind == .notPermitted else { throw .service(error) }
      context.warn("\(source.object): its tags cannot be read and are not copied: \(error.sentence)")
      return []
    }
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
    try await call { () async throws(ServiceError) in try await client.headIfPresent(GetRequest(target)) } != nil
  }

  private func inParts(
    _ source: GetRequest, _ entry: Entry, _ partSize: Int64, _ attributes: ObjectAttributes, _ target: ObjectURI
  ) async throws(SyncError) {
    let plan = try MultipartPlan(storing: entry.size, partSize: partSize)
    let parts = PartStore(client)
    _ = try await parts.store(target, attributes, hasChecksums: false, onlyIfAbsent: options.onlyIfAbsent) {
      () async throws(SyncError) in
      try await forEachPart(plan.partCount, limit: TransferOptions.partsAtOnce) { index throws(SyncError) in
        try await parts.add(number: index + 1, copying: source, range: plan.range(index))
      }
    }
  }
}
