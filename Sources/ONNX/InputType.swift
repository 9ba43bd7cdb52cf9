// The element type and shape of a model's input, with the dimensions that the file leaves open.

internal import Elements
internal import Network
internal import POSIX

/// What the first dimension of an input is taken as.
enum InputBatch {
  /// The batch, where the file leaves it open or says 1.
  case batched
  /// One image.
  case single
}

extension ValueMessage {
  /// - Parameters:
  ///   - batch: of the input's first dimension.
  ///   - imageSize: of images, where the file leaves it open.
  func type(_ batch: InputBatch, _ imageSize: ImageSize?) throws(ModelError) -> (ElementType, Shape) {
    guard let dimensions, let code = elementType else { throw .input(name: name, .notTensor) }
    guard let type = ElementType(onnx: code) else { throw .input(name: name, .type(code)) }
    var (sizes, isBatched): ([Int], Bool) = ([], false)
    for (axis, dimension) in dimensions.enumerated() {
      switch dimension {
      case .size(let size) where axis == 0 && size <= 0:
        isBatched = batch == .batched
        sizes.append(1)
      case .size(let size):
        guard size > 0 else {
          sizes.append(try open(axis, String(size), imageSize))
          continue
        }
        if axis == 0 && size == 1 && batch == .batched { isBatched = true }
        sizes.append(size)
      case .name(let name):
        guard axis == 0 else {
          sizes.append(try open(axis, name, imageSize))
          continue
        }
        isBatched = batch == .batched
        sizes.append(1)
      }
    }
    let shape = try mapError { _ in
      ModelError.input(name: name, .dimensions)
    } of: { () throws(GraphError) in
      try Shape(sizes, isBatched: isBatched)
    }
    return (type, shape)
  }

  /// A dimension that the file leaves open: an image's height or width is stated from outside, its channels are three.
  ///
  /// - Parameter label: what the file calls it.
  private func open(_ axis: Int, _ label: String, _ imageSize: ImageSize?) throws(ModelError) -> Int {
    switch (imageAxis(axis), imageSize) {
    case (.channels?, _): return 3
    case (.height?, let size?): return size.height
    case (.width?, let size?): return size.width
    default: throw .input(name: name, .dynamic(dimension: label))
    }
  }
}
