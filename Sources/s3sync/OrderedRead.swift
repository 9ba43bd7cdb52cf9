// One object to a stream: ranges fetched in parallel, written in order.

import AWS
import HTTP
import S3
import Streams

/// Reads an object of known size, several ranges at a time, and hands its bytes over in order.
///
/// Each range is held in memory until its turn, so memory is bounded by `window`, not by the object.
@Loop
struct OrderedRead {
  /// Bytes of a range: one request's worth, and what a reader waits for at most.
  private static let rangeSize: Int64 = 8 << 20

  let context: TransferContext
  /// Bytes that may be held at once, at least one range.
  let window: Int64

  /// - Parameters:
  ///   - request: the object; its `ifMatch` should be set.
  ///   - size: the object's, above 0.
  ///   - write: takes the next bytes; returns when they are written.
  func run(
    _ request: GetRequest, size: Int64, _ write: ([UInt8]) async throws(SyncError) -> Void
  ) async throws(SyncError) {
    let plan = MultipartPlan(size: size, exactPartSize: Self.rangeSize)
    let limit = max(1, min(TransferOptions.partsAtOnce, Int(window / Self.rangeSize)))
    var pending = [Task<Result<[UInt8], SyncError>, Never>]()
    var next = 0
    do throws(SyncError) {
      while true {
        while pending.count < limit, next < plan.partCount {
          let range = plan.range(next)
          next += 1
          pending.append(Loop.task { await fetch(request, range, of: size) })
        }
        guard !pending.isEmpty else { return }
        try await write(try await pending.removeFirst().valueCancelledWithCaller.get())
        if Task.isCancelled { throw .service(.transport(.cancelled)) }
      }
    } catch {
      // The caller continues when all have ended.
      for task in pending { _ = await task.valueCancelledWithCaller }
      throw error
    }
  }

  private func fetch(_ request: GetRequest, _ range: Range<Int64>, of size: Int64) async -> Result<[UInt8], SyncError> {
    let buffer = RangeBuffer(count: Int(range.upperBound - range.lowerBound), context.meter())
    return await Result { () async throws(SyncError) in
      try await call { () async throws(ServiceError) in
        try await context.client.get(request, range: range, of: size) { buffer.take($0) }
      }
      return buffer.bytes
    }
  }
}

/// A range in memory.
@Loop
private final class RangeBuffer {
  private(set) var bytes: [UInt8] = []
  private let meter: ByteMeter

  init(count: Int, _ meter: ByteMeter) {
    bytes.reserveCapacity(count)
    self.meter = meter
  }

  func take(_ chunk: RawSpan) -> Bool {
    unsafe chunk.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    meter.add(Int64(chunk.byteCount))
    return true
  }
}
