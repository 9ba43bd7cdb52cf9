// A multipart upload from its beginning to its one end: completed, or aborted.

import AWS
import S3

@Loop
final class PartStore {
  private let client: S3.Client
  private let options: TransferOptions
  private var upload: MultipartUpload?
  private var parts: [UploadedPart] = []

  init(_ client: S3.Client, _ options: TransferOptions) {
    self.client = client
    self.options = options
  }

  func begin(_ object: ObjectURI, _ attributes: ObjectAttributes, hasChecksums: Bool = true) async throws(SyncError) {
    upload = try await call { () async throws(ServiceError) in
      try await client.createMultipartUpload(object, attributes: attributes, hasChecksums: hasChecksums)
    }
  }

  /// - Parameter number: 1 ... 10,000
  func add(number: Int, _ payload: Payload) async throws(SyncError) {
    guard let upload else { preconditionFailure("parts come after the beginning") }
    let part = try await call { () async throws(ServiceError) in
      try await client.uploadPart(upload, number: number, payload)
    }
    parts.append(part)
  }

  func add(number: Int, copying source: GetRequest, range: Range<Int64>) async throws(SyncError) {
    guard let upload else { preconditionFailure("parts come after the beginning") }
    let part = try await call { () async throws(ServiceError) in
      try await client.copyPart(upload, number: number, from: source, range: range)
    }
    parts.append(part)
  }

  func complete() async throws(SyncError) {
    guard let upload else { preconditionFailure("the end comes after the beginning") }
    let inOrder = parts.sorted { $0.number < $1.number }
    _ = try await call { () async throws(ServiceError) in
      try await client.complete(upload, inOrder, ifAbsent: options.onlyIfAbsent)
    }
    self.upload = nil
  }

  /// Forgets what was stored; nothing where it is complete. A failure to do so is no news beside the one before it.
  func abort() async {
    guard let upload else { return }
    self.upload = nil
    do throws(ServiceError) { try await client.abort(upload) } catch {}
  }
}
