internal import Network

/// A TensorProto. Its numbers stay where they are in the file until they are asked for.
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
    if isSegmented { throw fault(.segmented) }
    guard let type = ElementType(onnx: dataType) else { throw fault(.type(dataType)) }
    let count: Int
    do throws(GraphError) { count = try elementCount(dimensions) } catch { throw fault(.dimensions) }
    let (bytes, owner) = try isExternal ? externalBytes(files) : (raw, files.model)
    if let bytes {
      let expected = count * type.byteCount
      guard bytes.count == expected else { throw fault(.size(bytes: bytes.count, expected: expected)) }
      if type == .float32 {
        let storage = unsafe FloatStorage(borrowing: bytes.bytes, owner: owner, offset: bytes.fileOffset)
        return try tensor(type, storage: storage)
      }
      return try decoded(bytes, type, count)
    }
    return try typed(type, count)
  }

  private func fault(_ fault: ModelError.TensorFault) -> ModelError { .tensor(name: name, fault) }

  // MARK: Raw bytes

  private func externalBytes(_ files: ModelFiles) throws(ModelError) -> (WireReader?, any ModelBytes) {
    let path = external["location"] ?? ""
    guard isInside(path) else { throw fault(.externalPath(path)) }
    let owner: any ModelBytes
    do { owner = try files.open(path) } catch { throw fault(.externalFile("\(error)")) }
    let size = unsafe owner.bytes.count
    guard let offset = Int(external["offset"] ?? "0"), offset >= 0, offset <= size,
      let length = Int(external["length"] ?? String(size - offset)), length >= 0, length <= size - offset
    else { throw fault(.externalRange) }
    let part = unsafe UnsafeRawBufferPointer(rebasing: owner.bytes[offset..<offset + length])
    return (unsafe WireReader(part, fileOffset: offset), owner)
  }

  /// Little-endian elements of any type but float32, which is used in place.
  private func decoded(_ bytes: WireReader, _ type: ElementType, _ count: Int) throws(ModelError) -> Tensor {
    var bytes = bytes
    switch type {
    case .float16:
      return try tensor(type, storage: halves(bytes, count))
    case .float64, .float32:
      var floats: [Float] = []
      floats.reserveCapacity(count)
      while !bytes.isAtEnd { floats.append(Float(Double(bitPattern: try bytes.integer(UInt64.self)))) }
      return try tensor(type, floats: floats)
    default:
      var integers: [Int] = []
      integers.reserveCapacity(count)
      while !bytes.isAtEnd { integers.append(try next(type, &bytes)) }
      return try tensor(type, integers: integers)
    }
  }

  private func halves(_ bytes: WireReader, _ count: Int) -> FloatStorage {
    unsafe FloatStorage(count: count) { floats in
      let halves = unsafe bytes.bytes
      for index in 0..<count {
        let bits = unsafe halves.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
        unsafe floats[index] = HalfPrecision.float(UInt16(littleEndian: bits))
      }
    }
  }

  private func next(_ type: ElementType, _ bytes: inout WireReader) throws(ModelError) -> Int {
    switch type {
    case .int64: Int(try bytes.integer(Int64.self))
    case .int32: Int(try bytes.integer(Int32.self))
    case .int16: Int(try bytes.integer(Int16.self))
    case .int8: Int(try bytes.integer(Int8.self))
    case .uint32: Int(try bytes.integer(UInt32.self))
    case .uint16: Int(try bytes.integer(UInt16.self))
    case .uint64: Int(clamping: try bytes.integer(UInt64.self))
    default: Int(try bytes.integer(UInt8.self))
    }
  }

  // MARK: Typed fields

  /// Elements that were written one by one: float_data, double_data, or integers, which also carry float16's bits.
  private func typed(_ type: ElementType, _ count: Int) throws(ModelError) -> Tensor {
    let stated: Int
    switch type {
    case .float32: stated = floats.count
    case .float64: stated = doubles.count
    default: stated = integers.count
    }
    guard stated == count else {
      throw fault(.size(bytes: stated * type.byteCount, expected: count * type.byteCount))
    }
    switch type {
    case .float32: return try tensor(type, floats: floats)
    case .float64: return try tensor(type, floats: doubles.map { Float($0) })
    case .float16:
      return try tensor(type, floats: integers.map { HalfPrecision.float(UInt16(truncatingIfNeeded: $0)) })
    default: return try tensor(type, integers: integers)
    }
  }

  // MARK: The room next door's errors

  private func tensor(_ type: ElementType, storage: FloatStorage) throws(ModelError) -> Tensor {
    do throws(GraphError) { return try Tensor(type: type, dimensions: dimensions, storage: storage) } catch {
      throw fault(.dimensions)
    }
  }

  private func tensor(_ type: ElementType, floats: [Float]) throws(ModelError) -> Tensor {
    do throws(GraphError) { return try Tensor(type: type, dimensions: dimensions, floats: floats) } catch {
      throw fault(.dimensions)
    }
  }

  private func tensor(_ type: ElementType, integers: [Int]) throws(ModelError) -> Tensor {
    do throws(GraphError) { return try Tensor(type: type, dimensions: dimensions, integers: integers) } catch {
      throw fault(.dimensions)
    }
  }
}
