// The size of tensor that the model takes, and the imgdecode flags that make it.

extension LoadedModel {
  var geometry: String { "(\(channels), \(height), \(width)) channels, height, width" }

  /// The flags of `imgdecode` that prepare images as the model's training did, as far as that is stated: without a stated
  /// resize, the usual proportion of 256 to 224 for a square input, and exactly the size otherwise.
  var imgdecodeFlags: [String] {
    var flags: [String]
    let exact = ["--size", "\(width)x\(height)"]
    switch preprocessing.resize {
    case .shorterSide(let side)? where height == width: flags = Self.resize(side, crop: height)
    case .exact(let across, let down)? where height == width && (across != width || down != height):
      flags = ["--size", "\(across)x\(down)", "--crop", "\(height)"]
    case nil where height == width: flags = Self.resize((height * 256 + 112) / 224, crop: height)
    default: flags = exact
    }
    if channels == 1 { flags.append("--gray") }
    if let filter = preprocessing.filter, filter != "bilinear" { flags += ["--filter", filter] }
    return flags
  }

  private static func resize(_ side: Int, crop: Int) -> [String] { ["--resize", "\(side)", "--crop", "\(crop)"] }

  /// How to make a tensor that fits, where `tensor` does not.
  func hint(for tensor: InputTensor) -> String {
    guard channels == 3 || channels == 1 else { return "a model of \(channels) channels takes <f4 tensors only" }
    let layout = tensor.contents == .floats ? ["--dtype", "float32", "--layout", "chw"] : []
    return "make it with imgdecode " + (imgdecodeFlags + layout).joined(separator: " ")
  }
}
