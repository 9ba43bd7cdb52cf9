// Several images at once, results in input order, memory bounded.

import Network
import Streams

/// Runs images through the network and delivers the result of each item in the order of submission.
///
/// Used from one thread, the one that reads: it alone submits and delivers, so writing results needs no lock. The state of an
/// item is where it is: in `inHand`, its job with a worker, until it is the oldest and finished.
final class OrderedClassifier {
  private enum Item {
    case image(ImageJob)
    case failed(ErrorRecord)
  }

  /// The descriptor that is readable when `deliverFinished` may have something to do.
  var notification: CInt { workers.notification }
  private(set) var statistics: Statistics

  private let models: CompiledSizes
  private let workers: InferenceWorkers
  private let limit: Int
  private let results: ResultWriter
  private let profile: Profile?
  private var inHand: [Item] = []

  /// - Parameters:
  ///   - workers: how many images run at once.
  ///   - limit: the most items in progress, 1 or more: those that run, wait to run, or wait for an older one.
  init(
    _ models: CompiledSizes, workers: Int, limit: Int, profile: Profile?, statistics: Statistics, results: ResultWriter
  ) throws {
    self.models = models
    self.workers = try InferenceWorkers(count: workers)
    self.limit = limit
    self.profile = profile
    self.statistics = statistics
    self.results = results
  }

  /// Begins every image of the tensor; several get `#0`, `#1`, … after their name. Delivers older items where there are too many.
  ///
  /// Throws what `CompiledSizes.model` throws, and what `ResultWriter` throws.
  func submit(_ name: ItemName, _ tensor: InputTensor) throws {
    let model = try models.model(for: tensor)
    for image in 0..<tensor.images {
      statistics.arrived()
      try deliver(untilAtMost: limit - 1)
      let job = ImageJob(tensor.images == 1 ? name : name.appending("#\(image)"), model, tensor, image: image)
      inHand.append(.image(job))
      workers.begin(job)
    }
    try deliverFinished()
  }

  /// A failed item, to be delivered in its turn.
  func submit(_ record: ErrorRecord) throws {
    try deliver(untilAtMost: limit - 1)
    inHand.append(.failed(record))
    try deliverFinished()
  }

  /// Delivers what is finished and has nothing older before it.
  func deliverFinished() throws {
    workers.clearNotification()
    while let item = inHand.first {
      switch item {
      case .failed(let record):
        inHand.removeFirst()
        try results.add(record)
      case .image(let job):
        guard let outcome = job.outcome else { return }
        inHand.removeFirst()
        profile?.add(outcome.stepTimes)
        statistics.delivered(outcome.timing)
        try results.add(job.name, outcome.probabilities, milliseconds: outcome.timing.milliseconds)
      }
    }
  }

  /// Finishes and delivers all items in progress.
  func drain() throws { try deliver(untilAtMost: 0) }

  /// Ends all work, including images in progress; see `InferenceWorkers.stop`.
  func stop() { workers.stop() }

  private func deliver(untilAtMost count: Int) throws {
    guard inHand.count > count else { return }
    try deliverFinished()
    while inHand.count > count {
      try results.flush()
      workers.waitForNotification()
      try deliverFinished()
    }
  }
}
