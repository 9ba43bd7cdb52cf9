// How a model's training prepared its images: the part that imgdecode does (resize, crop, filter) and the part that classify
// does (scale, mean, deviation, channel order).

/// What one source states about preprocessing; every part may be missing.
struct Preprocessing: Equatable {
  enum Resize: Equatable {
    /// The shorter side becomes this long.
    case shorterSide(Int)
    /// Exactly this size.
    case exact(width: Int, height: Int)
  }

  struct Crop: Equatable {
    var width: Int
    var height: Int
  }

  /// One per channel, or one for all.
  var mean: [Float]?
  var std: [Float]?
  /// What pixels 0…255 are multiplied with first.
  var scale: Float?
  var isBGR: Bool?
  var resize: Resize?
  var crop: Crop?
  /// As `imgdecode --filter` names it.
  var filter: String?
}

extension Preprocessing {
  /// The modes of Keras's `preprocess_input`, and plain scaling: `torch`, `tf`, `caffe`, `unit`.
  init?(mode: String) {
    switch mode {
    case "torch":
      self.init(mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], scale: 1 / 255, isBGR: false)
    case "tf": self.init(mean: [1], std: [1], scale: 1 / 127.5, isBGR: false)
    case "caffe": self.init(mean: [103.939, 116.779, 123.68], std: [1], scale: 1, isBGR: true)
    case "unit": self.init(mean: [0], std: [1], scale: 1 / 255, isBGR: false)
    default: return nil
    }
  }

  static let modes = ["torch", "tf", "caffe", "unit"]
}

/// Preprocessing as it was found, every part of the contract known.
struct StatedPreprocessing {
  let contract: InputContract
  let resize: Preprocessing.Resize?
  let crop: Preprocessing.Crop?
  let filter: String?
  /// Where each came from, most important first; empty where nothing states the contract.
  let sources: [String]

  /// Whether nothing states scale, mean or deviation, so that ImageNet's are assumed.
  let assumesImageNet: Bool

  /// Each part from the first source that states it; ImageNet's where none does.
  init(_ sources: [(name: String, Preprocessing)]) throws {
    func first<Part>(_ part: (Preprocessing) -> Part?) -> Part? {
      for source in sources { if let stated = part(source.1) { return stated } }
      return nil
    }
    contract = InputContract(
      mean: perChannel(first(\.mean) ?? InputContract.imageNet.mean),
      std: perChannel(first(\.std) ?? InputContract.imageNet.std),
      scale: first(\.scale) ?? InputContract.imageNet.scale, isBGR: first(\.isBGR) ?? InputContract.imageNet.isBGR)
    resize = first(\.resize)
    crop = first(\.crop)
    filter = first(\.filter)
    assumesImageNet = first(\.mean) == nil && first(\.std) == nil && first(\.scale) == nil
    self.sources = sources.filter { $0.1 != Preprocessing() }.map(\.name)
  }
}

/// One number for all three channels, or three.
private func perChannel(_ numbers: [Float]) -> [Float] {
  numbers.count == 1 ? [numbers[0], numbers[0], numbers[0]] : numbers
}
