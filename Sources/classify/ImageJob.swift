// One unit of work of the inference workers, and its result with timestamps.

import POSIX
import Streams
import Synchronization

/// One image to run through the network. The worker that runs it finishes it, once; the reading thread sees the outcome
/// after that.
final class ImageJob: Sendable {
  /// What the network makes of one image, and how long it took.
  struct Outcome: Sendable {
    /// (classes)
    let probabilities: [Float]
    let timing: ImageTiming
    /// Of each step, milliseconds, where they were asked for.
    let stepTimes: [Double]
  }

  let name: ItemName
  let model: CompiledModel
  let tensor: InputTensor
  /// Which image of the tensor.
  let image: Int
  let arrival = Clock.monotonic.preciseMilliseconds
  private let written = Mutex<Outcome?>(nil)

  init(_ name: ItemName, _ model: CompiledModel, _ tensor: InputTensor, image: Int) {
    self.name = name
    self.model = model
    self.tensor = tensor
    self.image = image
  }

  /// nil until `finish`.
  var outcome: Outcome? { written.withLock { $0 } }

  func finish(_ outcome: Outcome) { written.withLock { $0 = outcome } }
}

/// When an image was computed, in milliseconds on the monotonic clock.
struct ImageTiming {
  /// When the image had arrived and its worker was free.
  let start: Double
  let finish: Double
  var milliseconds: Double { finish - start }
}
