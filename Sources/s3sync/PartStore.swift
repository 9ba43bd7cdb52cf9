// A multipart upload from its beginning to its one end: completed or aborted.

import AWS
import HTTP
import S3

extension MultipartPlan {
  /// The parts of an object that is stored.
  init(storing size: Int64, partSize: Int64) throws(SyncError) {
    guard size <= Self.maximumObjectSize else { throw .tooLarge(bytes: size, limit: Self.maximumObjectSize) }
    self.init(size: size, partSize: partSize)
  }
}

@Loop
final class PartStore {
  private let client: S3.Client
  private var upload: MultipartUpload?
  private var parts: [UploadedPart] = []
  /// A part got no response, so the service may yet store it.
  private var hasStrays = false

  init(_ client: S3.Client) { self.client = client }

  /// Stores an object in the parts that `send` adds. Where sending or completing fails the upload is aborted.
  func store(
    _ object: ObjectURI, _ attributes: ObjectAttributes, hasChecksums: Bool = true, onlyIfAbsent: Bool,
    _ send: () async throws(SyncError) -> Void
  ) async throws(SyncError) -> StoredObject {
    upload = try await call { () async throws(ServiceError) in
      try await client.createMultipartUpload(object, attributes: attributes, hasChecksums: hasChecksums)
    }
    do throws(SyncError) {
      try await send()
      return try await complete(onlyIfAbsent: onlyIfAbsent)
    } catch {
      await abort()
      throw error
    }
  }

  /// - Parameter number: 1 ... 10,000
  func add(number: Int, _ payload: Payload) async throws(SyncError) {
    guard let upload else { preconditionFailure("parts are added after the beginning") }
    try await add { () async throws(ServiceError) in try await client.uploadPart(upload, number: number, payload) }
  }

  func add(number: Int, copying source: GetRequest, range: Range<Int64>) async throws(SyncError) {
    guard let upload else { preconditionFailure("parts are added after the beginning") }
    try await add { () async throws(ServiceError) in
      try await client.copyPart(upload, number: number, from: source, range: range)
    }
  }

  private func add(_ store: @Loop () async throws(ServiceError) -> UploadedPart) async throws(SyncError) {
    do throws(SyncError) {
      parts.append(try await call(store))
    } catch {
      if mayBeStored(error) { hasStrays = true }
      throw error
    }
  }

  /// Whether a part was sent whole before its transfer failed.
  private func mayBeStored(_ error: SyncError) -> Bool {
    guard case .service(.transport(let failure)) = error else { return false }
    switch failure {
    case .timeout, .reset, .truncated, .other: return true
    default: return false
    }
  }

  private func complete(onlyIfAbsent: Bool) async throws(SyncError) -> StoredObject {
    guard let upload else { preconditionFailure("an upload is completed after its beginning") }
    let inOrder = parts.sorted { $0.number < $1.number }
    let stored = try await call { () async throws(ServiceError) in
      try await client.complete(upload, inOrder, ifAbsent: onlyIfAbsent)
    }
    self.upload = nil
    return stored
  }

  /// Removes the parts that were stored. Its failure is not reported: there is an earlier one.
  private func abort() async {
    guard let upload else { return }
    self.upload = nil
    try? await client.abort(upload, hasStrays: hasStrays)
  }
}
