/// What the model takes, and how to make it.
extension LoadedModel {
  var geometry: String { "(\(channels), \(height), \(width)) channels, height, width" }

  /// The `imgdecode` flags whose tensor would fit.
  func hint(for tensor: InputTensor) -> String {
    guard channels == 3 else { return "a model of \(channels) channels takes <f4 tensors only" }
    let layout = tensor.floatsNeedLayout ? " --dtype float32 --layout chw" : ""
    if height != width { return "make it with imgdecode --size \(width)x\(height)\(layout)" }
    // The usual proportion: 256 to 224.
    let resize = (height * 256 + 112) / 224
    return "make it with imgdecode --resize \(resize) --crop \(height)\(layout)"
  }
}

extension InputTensor {
  fileprivate var floatsNeedLayout: Bool { contents == .floats }
}
