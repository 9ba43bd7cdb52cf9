// Reads a TensorProto into a `Tensor`: raw, typed or external data.

internal import Elements
internal import Network
internal import POSIX

/// A TensorProto. Its numbers are read from the file only when they are needed.
struct TensorMessage {
  private(set) var name = ""
  private var dimensions: [Int] = []
  private var dataType = 0
  private var raw: WireReader?
  /// Numbers that were not written as raw bytes.
  private var floats: [Float] = []
  private var doubles: [Double] = []
  private var integers: [Int] = []
  private var external: [String: String] = [:]
  private var isExternal = false
  private var isSegmented = false

  init(_ reader: WireReader) throws(ModelError) {
    var reader = reader
    while let field = try reader.next() {
      switch field.number {
      case 1: try field.append(to: &dimensions, reader)
      case 2: dataType = try field.int(reader)
      case 3: isSegmented = true
      case 4: try field.append(to: &floats, reader)
      case 5, 7, 11: try field.append(to: &integers, reader)
      case 8: name = try field.text(reader)
      case 9: raw = try field.message(reader)
      case 10: try field.append(to: &doubles, reader)
      case 13:
        let (key, value) = try entry(field.message(reader))
        external[key] = value
      case 14: isExternal = try field.int(reader) == 1
      default: break
      }
    }
  }

  /// The tensor, in place where it can be.
  func tensor(_ files: ModelFiles) throws(ModelError) -> Tensor {
    if isSegmented { throw failure(.segmented) }
    guard let type = ElementType(onnx: dataType) else { throw failure(.type(dataType)) }
    let count = try checked { () throws(GraphError) in try elementCount(dimensions) }
    let (bytes, owner) = try isExternal ? externalBytes(files) : (raw, files.model)
    if let bytes {
      let expected = count * type.byteCount
      guard bytes.count == expected else { throw failure(.size(bytes: bytes.count, expected: expected)) }
      return try tensor(type, unsafe ConstantStorage(borrowing: bytes.bytes, owner: owner, offset: bytes.fileOffset))
    }
    return try typed(type, count)
  }

  private func failure(_ error: ModelError.TensorError) -> ModelError { .tensor(name: name, error) }

  /// Runs work that only refuses the tensor's dimensions.
  private func checked<Value>(_ work: () throws(GraphError) -> Value) throws(ModelError) -> Value {
    try mapError({ _ in failure(.dimensions) }, of: work)
  }

  // MARK: Raw bytes

  private func externalBytes(_ files: ModelFiles) throws(ModelError) -> (WireReader?, any ModelBytes) {
    let path = external["location"] ?? ""
    guard isInside(path) else { throw failure(.externalPath(path)) }
    let owner: any ModelBytes
    do { owner = try files.open(path) } catch { throw failure(.externalFile("\(error)")) }
    let size = unsafe owner.bytes.count
    guard let offset = Int(external["offset"] ?? "0"), offset >= 0, offset <= size,
      let length = Int(external["length"] ?? String(size - offset)), length >= 0, length <= size - offset
    else { throw failure(.externalRange) }
    let part = unsafe UnsafeRawBufferPointer(rebasing: owner.bytes[offset..<offset + length])
    return (unsafe WireReader(part, fileOffset: offset), owner)
  }

  // MARK: Typed fields

  /// Elements that were written one by one: float_data, double_data, or integers, which also carry the bits of float16 and bfloat16.
  private func typed(_ type: ElementType, _ count: Int) throws(ModelError) -> Tensor {
    let stated: Int
    switch type {
    case .float32: stated = floats.count
    case .float64: stated = doubles.count
    default: stated = integers.count
    }
    guard stated == count else {
      throw failure(.size(bytes: stated * type.byteCount, expected: count * type.byteCount))
    }
    switch type {
    case .float32:
      return try checked { () throws(GraphError) in try Tensor(dimensions: dimensions, floats: floats) }
    case .float64: return try tensor(type, ConstantStorage(copying: doubles.flatMap { Self.bytes($0.bitPattern) }))
    case .float16, .bfloat16:
      let bytes = integers.flatMap { Self.bytes(UInt16(truncatingIfNeeded: $0)) }
      return try tensor(type, ConstantStorage(copying: bytes))
    default:
      return try checked { () throws(GraphError) in
        try Tensor(type: type, dimensions: dimensions, integers: integers)
      }
    }
  }

  private static func bytes<Bits: FixedWidthInteger>(_ bits: Bits) -> [UInt8] {
    (0..<MemoryLayout<Bits>.size).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
  }

  private func tensor(_ type: ElementType, _ storage: ConstantStorage) throws(ModelError) -> Tensor {
    try checked { () throws(GraphError) in try Tensor(type: type, dimensions: dimensions, storage: storage) }
  }
}
