/// What a model wants done to pixels 0…255: value · scale, − mean, ÷ std, in its own order of channels.
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

  /// Each part from the first that states it: flags, the model's metadata, the JSON file beside it, ImageNet's.
  /// Throws `ConfigurationError.contract` for what is stated but makes no sense.
  init(_ flags: ContractFlags, metadata: [String: String], sidecar: Sidecar?) throws {
    self = Self.imageNet
    if let sidecar { try take(sidecar.values, from: sidecar.path) }
    try take(metadata, from: "model metadata")
    if let given = flags.mean { mean = Self.perChannel(given.values) }
    if let given = flags.std { std = Self.perChannel(given.values) }
    if let given = flags.scale { scale = given }
    if let given = flags.bgr { isBGR = given }
  }

  private mutating func take(_ values: [String: String], from source: String) throws {
    if let text = values["input.mean"] {
      guard let numbers = Self.numbers(text) else {
        throw ConfigurationError.contract(source: source, key: "input.mean")
      }
      mean = numbers
    }
    if let text = values["input.std"] {
      guard let numbers = Self.numbers(text), !numbers.contains(0) else {
        throw ConfigurationError.contract(source: source, key: "input.std")
      }
      std = numbers
    }
    if let text = values["input.scale"] {
      guard let number = Float(text), number.isFinite else {
        throw ConfigurationError.contract(source: source, key: "input.scale")
      }
      scale = number
    }
    if let text = values["input.channels"] {
      guard text == "RGB" || text == "BGR" else {
        throw ConfigurationError.contract(source: source, key: "input.channels")
      }
      isBGR = text == "BGR"
    }
  }

  /// `[0.485,0.456,0.406]`, `0.485 0.456 0.406` or one number for all channels.
  private static func numbers(_ text: String) -> [Float]? {
    let parts = text.split { "[], \t\n".contains($0) }
    let numbers = parts.compactMap { Float($0) }.filter(\.isFinite)
    guard numbers.count == parts.count, numbers.count == 1 || numbers.count == 3 else { return nil }
    return perChannel(numbers)
  }

  private static func perChannel(_ numbers: [Float]) -> [Float] {
    numbers.count == 1 ? [numbers[0], numbers[0], numbers[0]] : numbers
  }

  /// What each of the 256 pixel values becomes, channel by channel in the model's order: (3, 256).
  var table: [Float] {
    (0..<3).flatMap { channel in (0..<256).map { (Float($0) * scale - mean[channel]) / std[channel] } }
  }
}
