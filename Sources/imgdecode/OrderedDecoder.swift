// Several images at once, results in input order, memory bounded.

import Glibc
import Streams

/// The result of one image.
typealias Outcome = Result<Tensor, any Error>

/// Decodes images on as many threads as asked for and delivers the outcomes in the order of submission.
///
/// With one thread the work is done in `submit`. With more, at most twice as many images as threads are held.
/// Used from one thread, the one that made it.
final class OrderedDecoder {
  private let deliver: (ItemName, Outcome) throws -> Void
  private let decoder: ImageDecoder?
  private let workers: Workers?
  private let limit: Int
  private var pending: [Workers.Ticket] = []

  /// - Parameters:
  ///   - threads: at least 1.
  ///   - deliver: gets every outcome, in the order of submission.
  /// - Throws: `SystemError` when the threads cannot be started.
  init(_ options: ImageOptions, threads: Int, deliver: @escaping (ItemName, Outcome) throws -> Void) throws(SystemError)
  {
    self.deliver = deliver
    limit = 2 * threads
    decoder = threads == 1 ? ImageDecoder(options) : nil
    workers = threads == 1 ? nil : try Workers(options, count: threads)
  }

  /// Takes an image; delivers older ones when too many are pending.
  func submit(_ name: ItemName, _ bytes: [UInt8]) throws {
    if let decoder { return try deliver(name, Result { try decoder.decode(bytes) }) }
    guard let workers else { return }
    if pending.count == limit { try deliverOldest(workers) }
    pending.append(workers.begin(name, bytes))
  }

  /// Delivers everything that is pending.
  func drain() throws {
    guard let workers else { return }
    while !pending.isEmpty { try deliverOldest(workers) }
  }

  private func deliverOldest(_ workers: Workers) throws {
    let ticket = pending.removeFirst()
    try deliver(ticket.name, workers.finish(ticket))
  }
}
