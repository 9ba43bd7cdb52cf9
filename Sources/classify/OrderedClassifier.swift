// Several images at once, results in input order, memory bounded.

import Network
import Streams

/// Runs images through the network and delivers what became of each item in the order of submission.
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

  private let model: LoadedModel
  private let workers: InferenceWorkers
  private let limit: Int
  private let results: ResultWriter
  private let profile: Profile?
  private var inHand: [Item] = []

  /// - Parameters:
  ///   - threads: how many images run at once.
  ///   - limit: the most items in progress, 1 or more: those that run, wait to run, or wait for an older one.
  init(
    _ network: Network, _ model: LoadedModel, threads: Int, limit: Int, profile: Profile?, statistics: Statistics,
    results: ResultWriter
  ) throws {
    let table = model.preprocessing.contract.table
    workers = try InferenceWorkers(count: min(threads, limit)) {
      do { return try ImageRunner(network, model, table: table, timesSteps: profile != nil) } catch {
        throw ConfigurationError.unusable(model.name, "\(error)")
      }
    }
    self.model = model
    self.limit = limit
    self.profile = profile
    self.statistics = statistics
    self.results = results
  }

  /// Begins every image of the tensor; several get `#0`, `#1`, … after their name. Delivers older items where there are too many.
  ///
  /// Throws `InputError.geometry` where the tensor is not the model's, and what `ResultWriter` throws.
  func submit(_ name: ItemName, _ tensor: InputTensor) throws {
    guard tensor.channels == model.channels, tensor.height == model.height, tensor.width == model.width else {
      throw InputError.geometry(tensor: tensor.description, model: model.geometry, hint: model.hint(for: tensor))
    }
    if tensor.contents == .pixels { model.reportAssumption() }
    for image in 0..<tensor.images {
      statistics.arrived()
      try deliver(untilAtMost: limit - 1)
      let job = ImageJob(tensor.images == 1 ? name : name.appending("#\(image)"), tensor, image: image)
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
