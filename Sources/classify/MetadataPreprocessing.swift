// Preprocessing as a model's own metadata states it, or the JSON file next to it under the same keys; and Ultralytics' metadata.

extension Preprocessing {
  /// `input.preprocessing` (torch, tf, caffe, unit), `input.mean`, `input.std`, `input.scale`, `input.channels` (RGB, BGR),
  /// `input.resize` (256, 224x224), `input.crop` (224, 224x224), `input.filter`. Other keys are ignored, but for those
  /// that begin with `input.` or `output.`: `ConfigurationError.unknownKey`.
  init(metadata: [String: String], from source: String) throws {
    self.init()
    var reader = DocumentReader(
      metadata.filter { $0.key.hasPrefix("input.") || $0.key.hasPrefix("output.") }.mapValues(JSONValue.string),
      source: source)
    reader.ignore([OutputActivation.key])
    if let mode = try reader.value("input.preprocessing", { $0.string.flatMap(Preprocessing.init(mode:)) }) {
      self = mode
    }
    mean = try reader.value("input.mean") { Self.numbers($0.string) } ?? mean
    std =
      try reader.value("input.std") { value in
        Self.numbers(value.string).flatMap { $0.contains(0) ? nil : $0 }
      } ?? std
    scale =
      try reader.value("input.scale") { value in
        value.string.flatMap { Float($0) }.flatMap { $0.isFinite ? $0 : nil }
      } ?? scale
    isBGR =
      try reader.value("input.channels") { value in
        switch value.string {
        case "RGB": false
        case "BGR": true
        default: nil
        }
      } ?? isBGR
    resize = try reader.value("input.resize") { value in
      Self.sides(value.string).map {
        $0.count == 1 ? .shorterSide($0[0]) : .exact(width: $0[0], height: $0[1])
      }
    }
    crop = try reader.value("input.crop") { value in
      Self.sides(value.string).map { Crop(width: $0[0], height: $0[$0.count - 1]) }
    }
    filter = try reader.value("input.filter") { value in
      value.string.flatMap { ["bilinear", "bicubic", "box", "nearest"].contains($0) ? $0 : nil }
    }
    try reader.finish()
  }

  /// Ultralytics writes what it exports for; its classifiers take pixels ÷ 255. nil for another exporter's model. Throws
  /// `ConfigurationError.notClassifier` for a model of another task.
  init?(ultralytics metadata: [String: String], path: String) throws {
    guard metadata["author"] == "Ultralytics" || (metadata["task"] != nil && metadata["names"] != nil) else {
      return nil
    }
    if let task = metadata["task"], task != "classify" {
      throw ConfigurationError.notClassifier(path, "Ultralytics made it for the task \(task)")
    }
    self.init(mean: [0], std: [1], scale: 1 / 255, isBGR: false, filter: "bilinear")
    if let sides = Self.numbers(metadata["imgsz"], counts: [1, 2])?.compactMap({ Int(exactly: $0) }),
      let last = sides.last
    {
      resize = sides[0] == last ? .shorterSide(last) : .exact(width: last, height: sides[0])
      crop = Crop(width: last, height: sides[0])
    }
  }

  /// `[0.485,0.456,0.406]`, `0.485 0.456 0.406` or one number for all channels.
  private static func numbers(_ text: String?, counts: Set<Int> = [1, 3]) -> [Float]? {
    guard let text else { return nil }
    let parts = text.split { "[], \t\n".contains($0) }
    let numbers = parts.compactMap { Float($0) }.filter(\.isFinite)
    return numbers.count == parts.count && counts.contains(numbers.count) ? numbers : nil
  }

  /// `256` or `320x240`, width first.
  private static func sides(_ text: String?) -> [Int]? {
    let sides = text?.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) } ?? []
    let known = sides.compactMap { $0 }.filter { (1...65_500).contains($0) }
    return known.count == sides.count && (1...2).contains(known.count) ? known : nil
  }
}
