// Constant tensors of any element type, and the symbolic integers of shape arithmetic.

package import Elements

/// A constant: weights, or the integers of shapes and axes.
package struct Tensor: Sendable {
  private enum Contents: Sendable {
    /// Little-endian elements of the declared type, in C order.
    case bytes(ConstantStorage)
    /// Integers of shape arithmetic, of which some are multiples of the batch. Few.
    case extents([Extent])
    /// Real numbers as 8-bit or int32 integers of the same dimensions: a quarter of the memory, and what a pass looks for
    /// that runs in integers.
    indirect case quantized(Tensor, Quantization)
  }

  /// The type the model declares.
  package let type: ElementType
  let dimensions: [Int]
  private let contents: Contents

  private init(type: ElementType, dimensions: [Int], contents: Contents) {
    self.type = type
    self.dimensions = dimensions
    self.contents = contents
  }

  /// Throws `.overflow` if the storage does not hold exactly the dimensions' product of elements.
  package init(type: ElementType = .float32, dimensions: [Int], storage: ConstantStorage) throws(GraphError) {
    guard try elementCount(dimensions) * type.byteCount == storage.byteCount else { throw .overflow }
    self.init(type: type, dimensions: dimensions, contents: .bytes(storage))
  }

  /// Each of `floats` rounded to `type`.
  package init(type: ElementType = .float32, dimensions: [Int], floats: [Float]) throws(GraphError) {
    guard type.isFloating else { throw .elementType(type) }
    let storage =
      type == .float32
      ? ConstantStorage(copying: floats) : ConstantStorage(copying: floats.flatMap { type.bytes(of: $0) })
    try self.init(type: type, dimensions: dimensions, storage: storage)
  }

  /// Throws `.overflow` for an integer that `type` cannot hold.
  package init(type: ElementType = .int64, dimensions: [Int], integers: [Int]) throws(GraphError) {
    guard let range = type.integerRange else { throw .elementType(type) }
    guard integers.allSatisfy(range.contains) else { throw .overflow }
    let storage = ConstantStorage(copying: integers.flatMap { type.bytes(of: $0) })
    try self.init(type: type, dimensions: dimensions, storage: storage)
  }

  /// Little-endian elements of `type`.
  init(type: ElementType, dimensions: [Int], bytes: [UInt8]) throws(GraphError) {
    try self.init(type: type, dimensions: dimensions, storage: ConstantStorage(copying: bytes))
  }

  /// Whether an element is a multiple of the batch.
  var dependsOnBatch: Bool {
    if case .extents = contents { true } else { false }
  }

  init(type: ElementType = .int64, dimensions: [Int], extents: [Extent]) throws(GraphError) {
    guard extents.contains(where: \.isBatched) else {
      try self.init(type: type, dimensions: dimensions, integers: extents.map(\.count))
      return
    }
    guard let range = type.integerRange else { throw .elementType(type) }
    guard try elementCount(dimensions) == extents.count else { throw .overflow }
    guard extents.allSatisfy({ range.contains($0.count) }) else { throw .overflow }
    self.init(type: type, dimensions: dimensions, contents: .extents(extents))
  }

  /// `element`, of one element, throughout; takes no memory until it is read.
  init(repeating element: Tensor, dimensions: [Int]) throws(GraphError) {
    let count = try elementCount(dimensions)
    switch element.contents {
    case .extents(let extents):
      guard count <= Tensor.extentLimit else { throw .overflow }
      try self.init(
        type: element.type, dimensions: dimensions, extents: Array(repeating: extents[0], count: count))
    case .bytes, .quantized:
      let bytes = unsafe try element.bytes.withBytes { unsafe Array($0) }
      try self.init(
        type: element.type, dimensions: dimensions, storage: ConstantStorage(repeating: bytes, count: count))
    }
  }

  package init(repeating value: Float, type: ElementType = .float32, dimensions: [Int]) throws(GraphError) {
    try self.init(repeating: Tensor(type: type, dimensions: [], floats: [value]), dimensions: dimensions)
  }

  /// The real numbers that `integers` stand for.
  init(type: ElementType, dequantizing integers: Tensor, _ quantization: Quantization) throws(GraphError) {
    guard type.isFloating else { throw .elementType(type) }
    guard integers.type == quantization.element else { throw .elementType(integers.type) }
    self.init(type: type, dimensions: integers.dimensions, contents: .quantized(integers, quantization))
  }

  /// The integers that the model states in place of these numbers.
  var quantized: (integers: Tensor, quantization: Quantization)? {
    if case .quantized(let integers, let quantization) = contents { (integers, quantization) } else { nil }
  }

  /// No shape arithmetic works on more integers.
  private static let extentLimit = 1 << 20

  var count: Int {
    switch contents {
    case .bytes(let storage): storage.byteCount / type.byteCount
    case .extents(let values): values.count
    case .quantized(let integers, _): integers.count
    }
  }

  var shape: Shape {
    get throws(GraphError) { try Shape(dimensions) }
  }

  // MARK: Elements

  /// The elements of a floating tensor as float32, in C order, valid during `body`; used in place where they are float32.
  func withFloats<Result>(_ body: (UnsafeBufferPointer<Float>) throws(GraphError) -> Result) throws(GraphError)
    -> Result
  {
    unsafe try floatStorage.withBytes { bytes throws(GraphError) in
      unsafe try body(bytes.assumingMemoryBound(to: Float.self))
    }
  }

  /// The elements of a floating tensor, in C order.
  package var floats: [Float] {
    get throws(GraphError) { unsafe try withFloats { unsafe Array($0) } }
  }

  /// Little-endian elements of the declared type, float32 where they are quantized. Throws `.dynamicShape` where one
  /// depends on the batch.
  var bytes: ConstantStorage {
    get throws(GraphError) {
      switch contents {
      case .bytes(let storage): return storage
      case .extents: throw .dynamicShape
      case .quantized: return try Tensor(type: type, dimensions: dimensions, floats: floats).bytes
      }
    }
  }

  /// The elements as they are stored at run time, with an address: float32 for every floating type.
  var stored: ConstantStorage {
    get throws(GraphError) { type.isFloating ? try floatStorage : try bytes.materialized() }
  }

  private var floatStorage: ConstantStorage {
    get throws(GraphError) {
      if case .quantized(let integers, let quantization) = contents {
        return try integers.dequantized(quantization)
      }
      guard type.isFloating, case .bytes(let storage) = contents else { throw .elementType(type) }
      if type == .float32 { return storage.materialized() }
      return unsafe ConstantStorage(byteCount: 4 * count) { buffer in
        unsafe storage.withBytes { bytes in
          let floats = unsafe buffer.bindMemory(to: Float.self)
          for index in floats.indices { unsafe floats[index] = type.float(at: index, of: bytes.baseAddress!) }
        }
      }
    }
  }

  /// float32 of this integer tensor's elements.
  private func dequantized(_ quantization: Quantization) throws(GraphError) -> ConstantStorage {
    let (inner, positions) = axisStep(of: quantization.axis, in: dimensions)
    let storage = try bytes
    return unsafe ConstantStorage(byteCount: 4 * count) { buffer in
      unsafe storage.withBytes { bytes in
        let floats = unsafe buffer.bindMemory(to: Float.self)
        for index in floats.indices {
          let integer = unsafe type.integer(at: index, of: bytes.baseAddress!)
          unsafe floats[index] = quantization.real(integer, at: index / inner % positions)
        }
      }
    }
  }

  /// The elements of an integer tensor.
  var extents: [Extent] {
    get throws(GraphError) {
      if case .extents(let values) = contents { return values }
      return try integers.map { Extent($0) }
    }
  }

  /// The elements of an integer tensor none of which depends on the batch.
  package var integers: [Int] {
    get throws(GraphError) {
      guard type.integerRange != nil else { throw .elementType(type) }
      let storage = try bytes
      return unsafe storage.withBytes { bytes in
        (0..<count).map { unsafe type.integer(at: $0, of: bytes.baseAddress!) }
      }
    }
  }

  /// The one number of a tensor of one element.
  func scalar() throws(GraphError) -> Float {
    let values = try floats
    guard values.count == 1 else { throw .shapes([try shape]) }
    return values[0]
  }

  /// Called once the elements have been packed elsewhere.
  func discard() {
    switch contents {
    case .bytes(let storage): storage.discard()
    case .extents: break
    case .quantized(let integers, _): integers.discard()
    }
  }

  // MARK: Rearranged

  /// The same elements under other dimensions.
  func reshaped(_ dimensions: [Int]) throws(GraphError) -> Tensor {
    guard try elementCount(dimensions) == count else { throw .shapes([try shape, try Shape(dimensions)]) }
    if case .quantized(let integers, let quantization) = contents {
      guard quantization.axis == nil else {
        return try Tensor(type: type, dimensions: dimensions, storage: bytes)
      }
      return try Tensor(type: type, dequantizing: integers.reshaped(dimensions), quantization)
    }
    return Tensor(type: type, dimensions: dimensions, contents: contents)
  }

  /// The same elements under other dimensions and the name of a type that is stored alike.
  func reshaped(_ dimensions: [Int], as type: ElementType) throws(GraphError) -> Tensor {
    if type == self.type { return try reshaped(dimensions) }
    return try Tensor(type: type, dimensions: dimensions, floats: try floats)
  }

  /// The elements at `positions`, in that order, with `fill`, of one element and this type, where a position is −1.
  func gathered(_ positions: [Int], dimensions: [Int], fill: Tensor? = nil) throws(GraphError) -> Tensor {
    precondition(fill.map { $0.type == type && $0.count == 1 } ?? true)
    if case .quantized(let integers, let quantization) = contents {
      guard quantization.axis == nil, fill == nil else {
        return try Tensor(type: type, dimensions: self.dimensions, storage: bytes)
          .gathered(positions, dimensions: dimensions, fill: fill)
      }
      let moved = try integers.gathered(positions, dimensions: dimensions)
      return try Tensor(type: type, dequantizing: moved, quantization)
    }
    guard case .bytes(let storage) = contents else {
      let (values, filling) = (try extents, try fill?.extents[0] ?? Extent(0))
      return try Tensor(
        type: type, dimensions: dimensions, extents: positions.map { $0 < 0 ? filling : values[$0] })
    }
    let filling = unsafe try fill?.bytes.withBytes { unsafe Array($0) }
    let size = type.byteCount
    let result = unsafe ConstantStorage(byteCount: positions.count * size) { buffer in
      unsafe storage.withBytes { source in
        for (index, position) in positions.enumerated() {
          let target = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[index * size..<(index + 1) * size])
          if position >= 0 {
            unsafe target.copyMemory(
              from: UnsafeRawBufferPointer(rebasing: source[position * size..<(position + 1) * size]))
          } else if let filling {
            unsafe target.copyBytes(from: filling)
          }
        }
      }
    }
    return try Tensor(type: type, dimensions: dimensions, storage: result)
  }
}
