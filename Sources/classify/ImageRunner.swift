// One image through the network, on one thread or all.

import Network
import POSIX
import Streams

/// Runs one image after another in a request of its own. Used by one thread at a time.
final class ImageRunner: @unchecked Sendable {
  private let request: InferenceRequest
  private let network: Network
  private let model: LoadedModel
  private let table: [Float]
  private let timesSteps: Bool

  /// - Parameters:
  ///   - table: what each pixel value becomes, (3, 256).
  ///   - timesSteps: whether outcomes have `stepTimes`.
  init(_ network: Network, _ model: LoadedModel, table: [Float], timesSteps: Bool) throws(NodeError) {
    request = try network.makeRequest()
    self.network = network
    self.model = model
    self.table = table
    self.timesSteps = timesSteps
  }

  /// - Parameters:
  ///   - freeSince: when the calling thread finished the image before, in milliseconds on the monotonic clock.
  ///   - usesAllThreads: see `InferenceRequest.run`.
  /// - Returns: when it finished this one.
  func run(_ job: ImageJob, freeSince: Double, usesAllThreads: () -> Bool) -> Double {
    let start = max(job.arrival, freeSince)
    writeInput(job)
    var stepTimes: [Double] = []
    if timesSteps {
      var last = Clock.monotonic.preciseMilliseconds
      request.run(batch: 1, usesAllThreads: usesAllThreads) { _ in
        let now = Clock.monotonic.preciseMilliseconds
        stepTimes.append(now - last)
        last = now
      }
    } else {
      request.run(batch: 1, usesAllThreads: usesAllThreads)
    }
    let scores = unsafe request.withOutput(0) { unsafe Array($0) }
    let probabilities = model.activation.activation.apply(to: scores)
    let timing = ImageTiming(start: start, finish: Clock.monotonic.preciseMilliseconds)
    job.finish(ImageJob.Outcome(probabilities: probabilities, timing: timing, stepTimes: stepTimes))
    return timing.finish
  }

  private func writeInput(_ job: ImageJob) {
    let channelsLast = network.inputs[0].layout == .channelsLast
    unsafe request.withInput(0) { input in
      switch job.tensor.contents {
      case .pixels:
        unsafe job.tensor.write(
          pixels: table, isBGR: model.preprocessing.contract.isBGR, planes: !channelsLast, to: input)
      case .floats: unsafe job.tensor.write(floats: job.image, channelsLast: channelsLast, to: input)
      }
    }
  }
}
