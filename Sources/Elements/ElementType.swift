// The element types of tensors, and what each can hold.

/// The element type that a tensor declares.
///
/// Floating tensors are computed in float32, whichever type they declare; `stored` is the type they have in memory while
/// a network runs.
package enum ElementType: String, Sendable, Equatable {
  case float32, float16, bfloat16, float64
  case int64, int32, int16, int8
  case uint64, uint32, uint16, uint8
  case bool

  /// Bytes of one element.
  package var byteCount: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  package var isFloating: Bool {
    switch self {
    case .float32, .float16, .bfloat16, .float64: true
    default: false
    }
  }

  /// The type in memory at run time: float32 for every floating type.
  package var stored: ElementType { isFloating ? .float32 : self }

  /// The values an integer type can hold; nil for the floating types. uint64 is read as Int, so its upper half is not
  /// in the range.
  package var integerRange: ClosedRange<Int>? {
    switch self {
    case .float32, .float16, .bfloat16, .float64: nil
    case .int64: Int.min...Int.max
    case .int32: -0x8000_0000...0x7FFF_FFFF
    case .int16: -0x8000...0x7FFF
    case .int8: -0x80...0x7F
    case .uint64: 0...Int.max
    case .uint32: 0...0xFFFF_FFFF
    case .uint16: 0...0xFFFF
    case .uint8: 0...0xFF
    case .bool: 0...1
    }
  }
}
