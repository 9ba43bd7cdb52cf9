// Adapts models with integer or channels-last inputs to the float32 picture that callers write.

internal import Elements

extension Graph {
  /// Makes input 0, of four dimensions, a float32 value (n, channels, height, width) regardless of the type and axis
  /// order that the model declares, so that pictures are prepared in one way for every model. For integer types values
  /// are truncated towards zero.
  package mutating func takePictures() {
    let declared = inputs[0]
    let (type, dimensions) = (self[declared].type, shape(declared).dimensions)
    let colors = [1, 3]
    let isChannelsLast = colors.contains(dimensions[3]) && !colors.contains(dimensions[1])
    guard isChannelsLast || !type.element.isFloating else { return }
    let name = self[declared].name
    var (shape, preparations): (Shape, [Node]) = (type.shape, [])
    if isChannelsLast {
      guard let planes = try? shape.with([dimensions[0], dimensions[3], dimensions[1], dimensions[2]]) else {
        preconditionFailure("the same dimensions in another order")
      }
      shape = planes
    }
    let picture = add(Value(name: name, type: TensorType(.float32, shape)))
    var current = picture
    if isChannelsLast {
      let isLast = type.element.isFloating
      let transposed = isLast ? declared : add(Value(name: name, type: TensorType(.float32, type.shape)))
      preparations.append(
        Node(name: name, computation: Permutation(order: [0, 2, 3, 1]), inputs: [current], outputs: [transposed]))
      current = transposed
    }
    if !type.element.isFloating {
      preparations.append(Node(name: name, computation: Conversion(), inputs: [current], outputs: [declared]))
    }
    nodes.insert(contentsOf: preparations, at: 0)
    inputs[0] = picture
  }
}
