// One file to one object: whole where it is small, in parts where it is not.

import AWS
import Glibc
import S3
import Streams

/// What an upload or a copy came to.
enum StoreOutcome: Sendable {
  case stored(size: Int64)
  /// `--if-none-match`: there is such an object.
  case exists
}

@Loop
struct Upload {
  let client: S3.Client
  let options: TransferOptions
  let progress: Progress?

  func run(_ path: String, to object: ObjectURI) async throws(SyncError) -> StoreOutcome {
    let file: OpenFile
    do throws(SystemError) {
      file = try OpenFile(path, followsSymlinks: options.followsSymlinks)
    } catch {
      throw .system(error)
    }
    let attributes = options.attributes(forName: path)
    let partSize = options.partSize ?? TransferOptions.usualPartSize
    guard file.size <= MultipartPlan.maximumObjectSize else {
      throw .tooLarge(bytes: file.size, limit: MultipartPlan.maximumObjectSize)
    }
    do throws(SyncError) {
      if file.size > max(partSize, MultipartPlan.minimumPartSize) {
        try await inParts(file, MultipartPlan(size: file.size, partSize: partSize), object, attributes)
      } else {
        try await whole(file, object, attributes)
      }
    } catch {
      if options.onlyIfAbsent, case .changed = error { return .exists }
      if file.hasChanged { throw .changed("the file changed while it was read") }
      throw error
    }
    if file.hasChanged { throw .changed("the file changed while it was read") }
    return .stored(size: file.size)
  }

  private func whole(_ file: OpenFile, _ object: ObjectURI, _ attributes: ObjectAttributes) async throws(SyncError) {
    var payload = Payload.file(descriptor: file.descriptor, offset: 0, length: file.size)
    if file.size <= TransferOptions.smallSize {
      do throws(SystemError) {
        payload = .bytes(try file.contents())
      } catch {
        throw .system(error)
      }
    }
    let body = payload
    _ = try await call { () async throws(ServiceError) in
      try await client.put(object, body, attributes: attributes, ifAbsent: options.onlyIfAbsent)
    }
    progress?.add(bytes: Int(file.size))
  }

  private func inParts(
    _ file: OpenFile, _ plan: MultipartPlan, _ object: ObjectURI, _ attributes: ObjectAttributes
  ) async throws(SyncError) {
    let store = PartStore(client, options)
    try await store.begin(object, attributes)
    do throws(SyncError) {
      try await forEachPart(plan.partCount, limit: TransferOptions.partsAtOnce) { index throws(SyncError) in
        let range = plan.range(index)
        let length = range.upperBound - range.lowerBound
        try await store.add(
          number: index + 1, .file(descriptor: file.descriptor, offset: range.lowerBound, length: length))
        progress?.add(bytes: Int(length))
      }
      guard !file.hasChanged else { throw .changed("the file changed while it was read") }
      try await store.complete()
    } catch {
      await store.abort()
      throw error
    }
  }
}
