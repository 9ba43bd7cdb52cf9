// How pixels become model inputs: scale, mean, standard deviation and channel order.

import Streams

/// The arithmetic on pixels 0…255: value · scale, − mean, ÷ std, in its own order of channels.
struct InputContract: Equatable {
  /// One per channel, in the order the model sees.
  var mean: [Float]
  var std: [Float]
  var scale: Float
  /// Blue, green, red.
  var isBGR: Bool

  /// What ImageNet models are trained with (torchvision's).
  static let imageNet = InputContract(
    mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], scale: 1 / 255, isBGR: false)

  init(mean: [Float], std: [Float], scale: Float, isBGR: Bool) {
    self.mean = mean
    self.std = std
    self.scale = scale
    self.isBGR = isBGR
  }

  /// What each of the 256 pixel values becomes, channel by channel in the model's order: (3, 256). In single precision, as
  /// models were trained.
  var table: [Float] { PixelNormalization(scale: scale, mean: mean, standardDeviation: std).table }
}
