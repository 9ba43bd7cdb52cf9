// A stream to one object; its length is not known in advance.

import AWS
import HTTP
import S3
import Streams

@Loop
struct StreamUpload {
  /// Bytes of parts that may be in memory at once, in addition to the one that is being read.
  private static let memoryLimit: Int64 = 32 << 20

  private let context: TransferContext
  private let input: InterruptibleInput

  private var client: S3.Client { context.client }
  private var options: TransferOptions { context.options }

  /// - Parameter descriptor: read to its end.
  init(context: TransferContext, descriptor: CInt, name: String) {
    self.context = context
    input = InterruptibleInput(descriptor, name: name)
  }

  /// Stores the input up to its end; a failed read or a signal stores nothing.
  func run(to object: ObjectURI) async throws(SyncError) -> StoreOutcome {
    let attributes = options.attributes(forName: object.key.text)
    let first = try await part(0)
    let isWhole = first.count < partSize(0)
    do throws(SyncError) {
      if isWhole {
        if Task.isCancelled { throw .service(.transport(.cancelled)) }
        let stored = try await call { () async throws(ServiceError) in
          try await client.put(object, .bytes(first), attributes: attributes, ifAbsent: options.onlyIfAbsent)
        }
        context.meter().add(Int64(first.count))
        return .stored(size: Int64(first.count), Verification(stored, first))
      }
      let (size, stored) = try await inParts(first, object, attributes)
      return .stored(size: size, Verification(stored))
    } catch {
      if options.onlyIfAbsent, case .changed = error { return .exists }
      throw error
    }
  }

  private func inParts(
    _ first: [UInt8], _ object: ObjectURI, _ attributes: ObjectAttributes
  ) async throws(SyncError) -> (size: Int64, StoredObject) {
    let parts = PartStore(client)
    let sender = Sender(parts, context)
    var size: Int64 = 0
    let stored = try await parts.store(object, attributes, onlyIfAbsent: options.onlyIfAbsent) {
      () async throws(SyncError) in
      do throws(SyncError) {
        size = try await send(first, sender)
      } catch {
        await sender.drain()
        throw error
      }
    }
    return (size, stored)
  }

  /// Sends the input in parts, of which the first is read; returns its size.
  private func send(_ first: [UInt8], _ sender: Sender) async throws(SyncError) -> Int64 {
    var bytes = first
    var total: Int64 = 0
    var index = 0
    while !bytes.isEmpty {
      guard index < MultipartPlan.maximumPartCount, total + Int64(bytes.count) <= MultipartPlan.maximumObjectSize
      else {
        throw .tooLarge(bytes: total + Int64(bytes.count), limit: MultipartPlan.maximumObjectSize)
      }
      total += Int64(bytes.count)
      let isLast = bytes.count < partSize(index)
      try await sender.send(bytes, number: index + 1, limit: Self.memoryLimit)
      index += 1
      bytes = isLast ? [] : try await part(index)
    }
    try await sender.finish()
    if Task.isCancelled { throw .service(.transport(.cancelled)) }
    return total
  }

  private func partSize(_ index: Int) -> Int {
    let usual = MultipartPlan.streamPartSize(index)
    return Int(options.partSize.map { max($0, usual, MultipartPlan.minimumPartSize) } ?? usual)
  }

  /// The next part of the input: shorter than its size only at the end.
  private func part(_ index: Int) async throws(SyncError) -> [UInt8] { try await input.read(partSize(index)) }
}

/// Parts being sent, as many at once as memory allows.
@Loop
private final class Sender {
  private let store: PartStore
  private let context: TransferContext
  private var sending: [(size: Int64, task: Task<Result<Void, SyncError>, Never>)] = []

  init(_ store: PartStore, _ context: TransferContext) {
    self.store = store
    self.context = context
  }

  /// Returns when memory allows another part; throws the error of an earlier part that failed.
  func send(_ bytes: [UInt8], number: Int, limit: Int64) async throws(SyncError) {
    let store = self.store
    let context = self.context
    let task = Loop.task {
      await Result { () async throws(SyncError) in
        try await store.add(number: number, .bytes(bytes))
        context.meter().add(Int64(bytes.count))
      }
    }
    sending.append((Int64(bytes.count), task))
    while sending.reduce(0, { $0 + $1.size }) > limit { try await awaitFirst() }
  }

  func finish() async throws(SyncError) {
    while !sending.isEmpty { try await awaitFirst() }
  }

  /// Ends all, because the upload has failed; their errors are ignored.
  func drain() async {
    for (_, task) in sending { task.cancel() }
    for (_, task) in sending { _ = await task.value }
    sending.removeAll()
  }

  private func awaitFirst() async throws(SyncError) {
    let (_, task) = sending.removeFirst()
    try await task.valueCancelledWithCaller.get()
  }
}
