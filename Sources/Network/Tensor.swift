/// A constant: weights, or the integers of shapes and axes.
public struct Tensor: Sendable {
  enum Contents: Sendable {
    /// float16 and float64 are kept as float32 too.
    case floats(FloatStorage)
    /// Integers and booleans of every width; one may be a multiple of the batch.
    case integers([Extent])
  }

  /// The type the model declares.
  public let type: ElementType
  public let dimensions: [Int]
  let contents: Contents

  private init(type: ElementType, dimensions: [Int], contents: Contents) {
    self.type = type
    self.dimensions = dimensions
    self.contents = contents
  }

  /// Throws `.overflow` if the storage does not hold exactly the dimensions' product.
  public init(type: ElementType = .float32, dimensions: [Int], storage: FloatStorage) throws(GraphError) {
    guard type.isFloating else { throw .elementType(type) }
    guard try elementCount(dimensions) == storage.count else { throw .overflow }
    self.init(type: type, dimensions: dimensions, contents: .floats(storage))
  }

  public init(type: ElementType = .float32, dimensions: [Int], floats: [Float]) throws(GraphError) {
    try self.init(type: type, dimensions: dimensions, storage: FloatStorage(copying: floats))
  }

  public init(type: ElementType = .int64, dimensions: [Int], integers: [Int]) throws(GraphError) {
    try self.init(type: type, dimensions: dimensions, extents: integers.map { Extent($0) })
  }

  init(type: ElementType = .int64, dimensions: [Int], extents: [Extent]) throws(GraphError) {
    guard let range = type.integerRange else { throw .elementType(type) }
    guard try elementCount(dimensions) == extents.count else { throw .overflow }
    guard extents.allSatisfy({ range.contains($0.count) }) else { throw .overflow }
    self.init(type: type, dimensions: dimensions, contents: .integers(extents))
  }

  /// A tensor of one value throughout, which takes no memory until it is read.
  public init(repeating value: Float, type: ElementType = .float32, dimensions: [Int]) throws(GraphError) {
    try self.init(
      type: type, dimensions: dimensions,
      storage: FloatStorage(repeating: value, count: elementCount(dimensions)))
  }

  public var count: Int {
    switch contents {
    case .floats(let storage): storage.count
    case .integers(let values): values.count
    }
  }

  public var shape: Shape {
    get throws(GraphError) { try Shape(dimensions) }
  }

  /// The elements of a floating tensor, in C order.
  public var floats: [Float] {
    get throws(GraphError) {
      guard case .floats(let storage) = contents else { throw .elementType(type) }
      return unsafe storage.withFloats { unsafe Array($0) }
    }
  }

  var storage: FloatStorage {
    get throws(GraphError) {
      guard case .floats(let storage) = contents else { throw .elementType(type) }
      return storage
    }
  }

  var extents: [Extent] {
    get throws(GraphError) {
      guard case .integers(let values) = contents else { throw .elementType(type) }
      return values
    }
  }

  /// The elements of an integer tensor none of which depends on the batch.
  public var integers: [Int] {
    get throws(GraphError) {
      var result: [Int] = []
      for extent in try extents { result.append(try extent.fixed()) }
      return result
    }
  }

  /// The one number of a tensor of one element.
  func scalar() throws(GraphError) -> Float {
    let values = try floats
    guard values.count == 1 else { throw .shapes([try shape]) }
    return values[0]
  }

  /// The same elements under other dimensions.
  func reshaped(_ dimensions: [Int]) throws(GraphError) -> Tensor {
    guard try elementCount(dimensions) == count else { throw .shapes([try shape, try Shape(dimensions)]) }
    return Tensor(type: type, dimensions: dimensions, contents: contents)
  }

  /// The same elements under another floating type's name.
  func renamed(_ type: ElementType) -> Tensor { Tensor(type: type, dimensions: dimensions, contents: contents) }
}
