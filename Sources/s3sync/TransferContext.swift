// What all transfers of a run share.

import AWS
import HTTP
import S3
import Streams

@Loop
final class TransferContext {
  let client: S3.Client
  let options: TransferOptions
  /// Nil where nothing is drawn.
  let progress: Progress?
  let rateLimiter: RateLimiter?
  private var warnings: Set<String> = []

  init(_ client: S3.Client, _ options: TransferOptions, progress: Progress?) {
    self.client = client
    self.options = options
    self.progress = progress
    rateLimiter = options.bytesPerSecond.map { RateLimiter(bytesPerSecond: $0) }
  }

  /// Prints a warning, each text once in a run.
  func warn(_ text: String) {
    guard warnings.insert(text).inserted else { return }
    progress?.clear()
    report(tool: "s3sync", reason: "warning: \(text)")
  }

  /// With --verbose: what the bytes of an object were checked against.
  func trace(_ object: String, _ verification: Verification) {
    guard options.isVerbose else { return }
    progress?.clear()
    report(tool: "s3sync", object: object, reason: verification.sentence)
  }

  /// Counts bytes of one transfer as they pass, and holds them back to the rate limit.
  func meter() -> ByteMeter { ByteMeter(progress, rateLimiter) }
}

/// The bytes of one attempt at a transfer, counted inside the HTTP client's callbacks too.
@Loop
final class ByteMeter {
  private let progress: Progress?
  private let rateLimiter: RateLimiter?
  private var counted: Int64 = 0

  fileprivate init(_ progress: Progress?, _ rateLimiter: RateLimiter?) {
    self.progress = progress
    self.rateLimiter = rateLimiter
  }

  /// So many more bytes have passed.
  func add(_ count: Int64) { advance(to: counted + count) }

  /// So many bytes need not pass: an earlier run has them.
  func skip(_ count: Int64) {
    progress?.add(bytes: count)
    counted += count
  }

  /// So many bytes have passed in all; fewer than before where an attempt was repeated.
  func advance(to total: Int64) {
    progress?.add(bytes: total - counted)
    if total > counted { rateLimiter?.take(total - counted) { progress?.tick() } }
    counted = total
  }
}
