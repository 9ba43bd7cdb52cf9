// A model ready to run on images of one size, and the memory of those runs.

import Kernels
import Network
import POSIX
import Synchronization

/// What a model is compiled for.
struct CompileOptions {
  /// The most that share one image.
  let threads: Int
  /// The most images that run at once.
  let workers: Int
  let precision: Precision
  /// Whether outcomes have `stepTimes`.
  let timesSteps: Bool
}

/// Compiled for one size of images; shared by all workers.
final class CompiledModel: Sendable {
  let model: LoadedModel
  let network: Network
  /// One for each worker, those in use left out. The last returned is taken first: its memory is in use already.
  private let idle: Mutex<[ImageRunner]>

  /// Throws `ConfigurationError.unusable` where the model cannot be compiled, or memory cannot be allocated.
  init(_ model: LoadedModel, _ options: CompileOptions) throws {
    self.model = model
    let (network, runners) = try mapError {
      ConfigurationError.unusable(model.name, "\($0)")
    } of: { () throws(NodeError) in
      let network = try Network(
        model.graph, maxBatch: 1, threads: options.threads, precision: options.precision)
      let table = model.preprocessing.contract.table
      var runners: [ImageRunner] = []
      for _ in 0..<options.workers {
        runners.append(try ImageRunner(network, model, table: table, timesSteps: options.timesSteps))
      }
      return (network, runners)
    }
    self.network = network
    idle = Mutex(runners)
  }

  /// Runs `job`, which is of this model. - Parameters: see `ImageRunner.run`.
  func run(_ job: ImageJob, freeSince: Double, usesAllThreads: () -> Bool) -> Double {
    guard let runner = idle.withLock({ $0.popLast() }) else {
      preconditionFailure("more images at once than there are workers")
    }
    defer { idle.withLock { $0.append(runner) } }
    return runner.run(job, freeSince: freeSince, usesAllThreads: usesAllThreads)
  }
}
