/// The element types a value may have. Whatever floating type a model declares, the arithmetic is done in float32;
/// integers and booleans exist only as constants, that is, as shapes and parameters known at load.
public enum ElementType: String, Sendable, Equatable {
  case float32, float16, float64
  case int64, int32, int16, int8
  case uint64, uint32, uint16, uint8
  case bool

  public var isFloating: Bool { self == .float32 || self == .float16 || self == .float64 }

  /// What an integer may hold; nil for the floating types. uint64 is held as Int, so its upper half is refused.
  var integerRange: ClosedRange<Int>? {
    switch self {
    case .float32, .float16, .float64: nil
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
