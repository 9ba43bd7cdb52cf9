// One file to one object: whole where it is small, in parts where it is not, and again where it changed meanwhile.

import AWS
import Glibc
import HTTP
import S3
import Streams

/// The result of an upload or a copy.
enum StoreOutcome: Sendable {
  case stored(size: Int64, Verification)
  /// --if-none-match: the object exists.
  case exists
  /// The object has the attributes that it was to be given.
  case current
}

/// Uploads a file's bytes as they were at one moment.
///
/// A write during the upload is noticed (size, times and inode of the open file and of its name), before the last bytes
/// are sent where possible: the service then stores nothing. The upload is repeated. A file that keeps changing is
/// given up only in a state that the next run repairs: with a modification time later than that of the object.
@Loop
struct Upload {
  /// Attempts after which a file that keeps changing may be given up, and after which it is.
  private static let patience = 3
  private static let maximumAttempts = 12

  let context: TransferContext

  private var options: TransferOptions { context.options }

  func run(_ path: String, to object: ObjectURI) async throws(SyncError) -> StoreOutcome {
    /// The object has bytes of this run: seconds of Unix time when it was stored.
    var stored: Int64?
    for attempt in 1...Self.maximumAttempts {
      let file = try systemCalls { () throws(SystemError) in
        try OpenFile(path, followsSymlinks: options.followsSymlinks)
      }
      let meter = context.meter()
      do throws(SyncError) {
        let verification = try await store(
          file, path, object, onlyIfAbsent: options.onlyIfAbsent && stored == nil, meter)
        stored = Int64(time(nil))
        if !file.hasChanged { return .stored(size: file.size, verification) }
      } catch {
        if options.onlyIfAbsent, stored == nil, case .changed = error, !file.hasChanged { return .exists }
        guard file.hasChanged, !Task.isCancelled else { throw error }
      }
      meter.advance(to: 0)
      await Loop.sleep(seconds: min(1.1 * Double(attempt), 3))
      if Task.isCancelled { throw .service(.transport(.cancelled)) }
      if attempt >= Self.patience, isRepairable(file, stored) { break }
    }
    throw .changed("the file kept changing while it was uploaded; the next run uploads it again")
  }

  /// Whether the next run takes the file for newer than the object.
  private func isRepairable(_ file: OpenFile, _ stored: Int64?) -> Bool {
    guard let stored else { return true }
    return file.currentlyModified.map { $0.seconds > stored } ?? true
  }

  private func store(
    _ file: OpenFile, _ path: String, _ object: ObjectURI, onlyIfAbsent: Bool, _ meter: ByteMeter
  ) async throws(SyncError) -> Verification {
    let attributes = options.attributes(forName: path, of: file)
    let partSize = options.partSize ?? TransferOptions.usualPartSize
    if file.size > max(partSize, MultipartPlan.minimumPartSize) {
      let plan = try MultipartPlan(storing: file.size, partSize: partSize)
      let stored = try await inParts(file, plan, object, attributes, onlyIfAbsent, meter)
      return options.verifies ? try await verify(file, object, stored) : Verification(stored)
    }
    let (stored, verification) = try await whole(file, object, attributes, onlyIfAbsent, meter)
    return options.verifies ? try await verify(file, object, stored) : verification
  }

  private func whole(
    _ file: OpenFile, _ object: ObjectURI, _ attributes: ObjectAttributes, _ onlyIfAbsent: Bool, _ meter: ByteMeter
  ) async throws(SyncError) -> (StoredObject, Verification) {
    let isSmall = file.size <= TransferOptions.smallSize
    let bytes = isSmall ? try systemCalls { () throws(SystemError) in try file.contents() } : []
    let payload = isSmall ? Payload.bytes(bytes) : self.payload(file, 0..<file.size) { meter.advance(to: $0) }
    if isSmall, file.hasChangedBytes { throw .changed("the file changed while it was read") }
    let stored = try await call { () async throws(ServiceError) in
      try await context.client.put(object, payload, attributes: attributes, ifAbsent: onlyIfAbsent)
    }
    meter.advance(to: file.size)
    if isSmall || stored.isChecksumConfirmed { return (stored, Verification(stored, bytes)) }
    // A service that does not return the checksum returns an entity tag, which may be an MD5.
    guard let md5 = stored.etag.flatMap(md5(ofEntityTag:)),
      try await FileVerifier(context: context).matches(file.descriptor, 0..<file.size, .md5(md5))
    else { return (stored, .lengthAndRanges) }
    return (stored, .md5Tag)
  }

  private func inParts(
    _ file: OpenFile, _ plan: MultipartPlan, _ object: ObjectURI, _ attributes: ObjectAttributes, _ onlyIfAbsent: Bool,
    _ meter: ByteMeter
  ) async throws(SyncError) -> StoredObject {
    let parts = PartStore(context.client)
    let sent = PartCounts(plan.partCount, meter)
    return try await parts.store(object, attributes, onlyIfAbsent: onlyIfAbsent) { () async throws(SyncError) in
      try await forEachPart(plan.partCount, limit: TransferOptions.partsAtOnce) { index throws(SyncError) in
        let range = plan.range(index)
        try await parts.add(number: index + 1, payload(file, range) { sent.set(index, $0) })
      }
      guard !file.hasChanged else { throw .changed("the file changed while it was read") }
    }
  }

  /// A range of the file whose last bytes are sent only where the file is still unchanged.
  private func payload(
    _ file: OpenFile, _ range: Range<Int64>, _ count: @escaping @Loop (Int64) -> Void
  ) -> Payload {
    let length = range.upperBound - range.lowerBound
    return .file(descriptor: file.descriptor, offset: range.lowerBound, length: length) { handedOver in
      count(handedOver)
      return handedOver < length || !file.hasChanged
    }
  }

  /// --verify: compares the file with what the service says of the object now.
  private func verify(_ file: OpenFile, _ object: ObjectURI, _ stored: StoredObject) async throws(SyncError)
    -> Verification
  {
    let request = GetRequest(object, ifMatch: stored.etag)
    let description = try await call { () async throws(ServiceError) in try await context.client.head(request) }
    guard description.size == file.size else { throw .checksum }
    return try await FileVerifier(context: context).verify(file.descriptor, request, description)
  }
}

/// Bytes sent of each part; reset where a part is sent again.
@Loop
private final class PartCounts {
  private var counts: [Int64]
  private var total: Int64 = 0
  private let meter: ByteMeter

  init(_ count: Int, _ meter: ByteMeter) {
    counts = Array(repeating: 0, count: count)
    self.meter = meter
  }

  func set(_ index: Int, _ count: Int64) {
    total += count - counts[index]
    counts[index] = count
    meter.advance(to: total)
  }
}
