// The static type of a value: element type and shape.

import Elements

/// What is known of a value before the network runs.
package struct TensorType: Sendable, Equatable {
  /// The type the model declares; in memory it is `element.stored`.
  let element: ElementType
  let shape: Shape

  init(_ element: ElementType, _ shape: Shape) {
    self.element = element
    self.shape = shape
  }
}
