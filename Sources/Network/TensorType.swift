// The static type of a value: element type and shape.

public import Elements

/// What is known of a value before the network runs.
public struct TensorType: Sendable, Equatable {
  /// The type the model declares; in memory it is `element.stored`.
  public let element: ElementType
  public let shape: Shape

  public init(_ element: ElementType, _ shape: Shape) {
    self.element = element
    self.shape = shape
  }
}
