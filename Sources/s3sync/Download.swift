// One object to one file, under its final name only when every byte is there and checked.

import AWS
import Glibc
import HTTP
import S3
import Streams

@Loop
struct Download {
  let context: TransferContext
  let target: TargetFolder
  let leftovers: Leftovers
  /// Removes the files below a folder that has the file's name; nil: folders are not replaced.
  var removeFolder: (@Loop (Key) throws(SyncError) -> Void)?
  /// The file is on the disk before it gets its name.
  var isDurable: Bool

  private var options: TransferOptions { context.options }

  /// - Parameters:
  ///   - entry: size, time and tag as listed; the object must still be that.
  ///   - key: a valid path below the target.
  func run(_ object: ObjectURI, _ entry: Entry, as key: Key) async throws(SyncError) -> Verification {
    let file = try target.file(key, replacesFile: removeFolder != nil)
    try check(file)
    let request = GetRequest(object, ifMatch: entry.etag)
    if entry.size <= TransferOptions.smallSize { return try await small(request, entry, file) }
    return try await large(request, entry, file)
  }

  /// Refuses, before a byte is fetched, what cannot be replaced. An empty folder of the name is removed.
  private func check(_ file: TargetFile) throws(SyncError) {
    guard file.missing.isEmpty else { return }
    switch file.folder.kind(of: file.name) {
    case .special: throw .special(file.path)
    case .folder where removeFolder == nil:
      // S3 has no empty folders.
      guard unsafe unlinkat(file.folder.descriptor, file.name, AT_REMOVEDIR) == 0 else {
        throw .obstructed("\(file.path) is a folder that is not empty")
      }
    default: break
    }
  }

  private func small(_ request: GetRequest, _ entry: Entry, _ file: TargetFile) async throws(SyncError) -> Verification
  {
    let (bytes, description) = try await call { () async throws(ServiceError) in
      try await context.client.get(request, size: entry.size, limit: Int(TransferOptions.smallSize))
    }
    context.meter().add(Int64(bytes.count))
    let temporary = try systemCalls { () throws(SystemError) in
      let temporary = try TemporaryFile(for: file, context)
      unsafe try write(bytes.span.bytes, to: temporary.descriptor, at: 0, name: file.path)
      return temporary
    }
    let verification =
      if let checksum = description.checksum { Verification(checksum) } else {
        try await FileVerifier(context: context).verify(temporary.descriptor, request, description)
      }
    try temporary.publish(file, publication(entry, description, file), context)
    return verification
  }

  /// Several ranges of the object at a time, each resumed where its connection broke. Ranges that have arrived when the
  /// network fails or the run ends are kept for the next run.
  private func large(_ request: GetRequest, _ entry: Entry, _ file: TargetFile) async throws(SyncError) -> Verification
  {
    let description = try await call { () async throws(ServiceError) in try await context.client.head(request) }
    guard description.size == entry.size else { throw .changed("changed since it was listed") }
    // All ranges have to be of one object.
    let request = GetRequest(request.object, ifMatch: request.ifMatch ?? description.etag)
    let partial = try await begin(request, description, file)
    do throws(SyncError) {
      try await fetch(request, partial, file)
      let verification = try await verify(partial, request, description)
      try partial.file.publish(file, publication(entry, description, file), context)
      return verification
    } catch {
      if error.isResumable || Task.isCancelled { partial.keep() } else { partial.file.discard() }
      throw error
    }
  }

  /// The unfinished download of an earlier run, or a new one.
  private func begin(
    _ request: GetRequest, _ description: ObjectDescription, _ file: TargetFile
  ) async throws(SyncError) -> PartialDownload {
    let identity = request.ifMatch.map {
      DownloadRecord.Identity(
        object: request.object.description, versionID: request.versionID, etag: $0, size: description.size)
    }
    if let identity, let partial = leftovers.resume(file, identity) {
      await partial.verifyResumed()
      return partial
    }
    let temporary = try systemCalls { () throws(SystemError) in try TemporaryFile(for: file, context) }
    return PartialDownload(
      temporary, identity, size: description.size, rangeSize: options.rangeSize(ofObject: description.size))
  }

  private func fetch(_ request: GetRequest, _ partial: PartialDownload, _ file: TargetFile) async throws(SyncError) {
    let (plan, descriptor, path) = (partial.plan, partial.file.descriptor, file.path)
    try await forEachPart(plan.partCount, limit: TransferOptions.partsAtOnce) { index throws(SyncError) in
      let range = plan.range(index)
      let meter = context.meter()
      if partial.has(index) { return meter.skip(range.upperBound - range.lowerBound) }
      try await blockingCall { () throws(SystemError) in try allocate(range, in: descriptor, name: path) }
      let writer = RangeWriter(descriptor, offset: range.lowerBound, name: path)
      do throws(SyncError) {
        try await call { () async throws(ServiceError) in
          try await context.client.get(request, range: range, of: plan.size) {
            meter.add(Int64($0.byteCount))
            return writer.take($0)
          }
        }
      } catch {
        if let failure = writer.failure { throw .system(failure) }
        throw error
      }
      if !writer.finish(), let failure = writer.failure { throw .system(failure) }
      partial.finish(index, crc32: writer.crc32)
    }
  }

  /// A CRC-32 follows from those of the ranges; for any other checksum the file is read back.
  private func verify(
    _ partial: PartialDownload, _ request: GetRequest, _ description: ObjectDescription
  ) async throws(SyncError) -> Verification {
    if case .crc32(let expected) = description.checksum, let found = partial.crc32OfAll {
      guard base64(bigEndian: found) == expected else { throw .checksum }
      return .checksum("crc32")
    }
    return try await FileVerifier(context: context).verify(partial.file.descriptor, request, description)
  }

  private func publication(_ entry: Entry, _ description: ObjectDescription, _ file: TargetFile) -> Publication {
    var result = Publication(modified: entry.modified ?? description.lastModified, isDurable: isDurable)
    if options.keepsModificationTime, let own = description.fileModified {
      if let listed = result.modified, let etag = entry.etag, compare(own, listed) != 0 {
        result.mark = DownloadMark(etag: etag, listed: listed, given: own)
      }
      result.modified = own
    }
    if options.preservesMode { result.mode = description.fileMode }
    if let removeFolder {
      let key = file.key
      result.removeFolder = { () throws(SyncError) in try removeFolder(key) }
    }
    return result
  }
}
