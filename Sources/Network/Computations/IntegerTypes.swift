// Maps an element type to the Swift integer type that a generic kernel is specialized for.

internal import Elements

extension ElementType {
  /// The integer type that elements have in memory; a boolean is a byte of 0 or 1. nil for floating types.
  var integerType: (any (FixedWidthInteger & BitwiseCopyable & Sendable).Type)? {
    switch self {
    case .int64: Int64.self
    case .int32: Int32.self
    case .int16: Int16.self
    case .int8: Int8.self
    case .uint64: UInt64.self
    case .uint32: UInt32.self
    case .uint16: UInt16.self
    case .uint8, .bool: UInt8.self
    case .float32, .float16, .bfloat16, .float64: nil
    }
  }

  /// An unsigned integer as wide as an element in memory, for elements that are only moved.
  var unit: any (FixedWidthInteger & BitwiseCopyable & Sendable).Type {
    switch stored.byteCount {
    case 1: UInt8.self
    case 2: UInt16.self
    case 4: UInt32.self
    default: UInt64.self
    }
  }
}
