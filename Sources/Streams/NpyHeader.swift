// NumPy's .npy format, versions 1.0 and 2.0 (numpy.lib.format): a magic, a length, a Python dictionary, raw data.

/// The header of an .npy file.
package struct NpyHeader: Equatable, Sendable {
  /// The element types that flow between the tools.
  package enum ElementType: String, Sendable {
    case uint8 = "|u1"
    case float32 = "<f4"

    /// Bytes of one element.
    var size: Int { self == .uint8 ? 1 : 4 }
  }

  package let elementType: ElementType
  /// The lengths of the axes, outermost first, C order.
  package let shape: [Int]

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// At most this many axes.
  static let maximumRank = 8
  /// At most this many bytes of data: what one tensor of an image or a batch can reasonably be.
  static let maximumByteCount = 1 << 32

  package init(elementType: ElementType, shape: [Int]) {
    self.elementType = elementType
    self.shape = shape
  }

  /// The bytes of the data.
  package var byteCount: Int { shape.reduce(elementType.size, *) }

  /// The header as version 1.0, padded so that the data starts at a multiple of 64.
  package var encoded: [UInt8] {
    let lengths = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let dictionary = "{'descr': '\(elementType.rawValue)', 'fortran_order': False, 'shape': (\(lengths)), }"
    let used = Self.magic.count + 4 + dictionary.utf8.count + 1
    let padding = (64 - used % 64) % 64
    let length = dictionary.utf8.count + padding + 1
    return Self.magic + [1, 0, UInt8(length & 255), UInt8(length >> 8)] + Array(dictionary.utf8)
      + Array(repeating: UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
  }

  /// Why bytes are not a tensor that the tools accept.
  package enum Malformed: ReportableError, Equatable {
    case notNpy
    case version(major: UInt8, minor: UInt8)
    case headerTooLong(bytes: Int)
    case truncated(expected: Int, received: Int)
    case dataAfterEnd(bytes: Int)
    case dictionary
    case elementType(String)
    case bigEndian(String)
    case fortranOrder
    case shape(String)

    package var status: ExitStatus { .data }

    package var reason: String {
      switch self {
      case .notNpy: "not an .npy file"
      case .version(let major, let minor): ".npy version \(major).\(minor) is not supported; 1.0 and 2.0 are"
      case .headerTooLong(let bytes): ".npy header of \(bytes) bytes, over 64 KiB"
      case .truncated(let expected, let received): ".npy file is truncated: \(received) of \(expected) bytes"
      case .dataAfterEnd(let bytes): ".npy file has \(bytes) bytes behind its data"
      case .dictionary: ".npy header is not a dictionary with descr, fortran_order and shape"
      case .elementType(let type): ".npy element type \(printable(type)); |u1 and <f4 are supported"
      case .bigEndian(let type): ".npy data is big-endian (\(printable(type))); convert it with astype('<f4')"
      case .fortranOrder: ".npy data is in Fortran order; convert it with numpy.ascontiguousarray"
      case .shape(let shape): ".npy shape \(printable(shape)) is impossible or too large"
      }
    }
  }

  /// Parses a whole .npy file in memory.
  ///
  /// - Returns: the header and where its data starts; exactly `byteCount` bytes are there.
  package static func parse(_ bytes: [UInt8]) throws(Malformed) -> (header: NpyHeader, dataOffset: Int) {
    guard bytes.starts(with: magic) else { throw .notNpy }
    guard bytes.count >= 10 else { throw .truncated(expected: 10, received: bytes.count) }
    guard bytes[6] == 1 || bytes[6] == 2, bytes[7] == 0 else { throw .version(major: bytes[6], minor: bytes[7]) }
    let start = bytes[6] == 1 ? 10 : 12
    guard bytes.count >= start else { throw .truncated(expected: start, received: bytes.count) }
    let length = (8..<start).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
    guard length <= 64 << 10 else { throw .headerTooLong(bytes: length) }
    let dataOffset = start + length
    guard bytes.count >= dataOffset else { throw .truncated(expected: dataOffset, received: bytes.count) }
    var dictionary = NpyDictionary(bytes[start..<dataOffset])
    let header = try dictionary.header()
    let expected = dataOffset + header.byteCount
    guard bytes.count >= expected else { throw .truncated(expected: expected, received: bytes.count) }
    guard bytes.count == expected else { throw .dataAfterEnd(bytes: bytes.count - expected) }
    return (header, dataOffset)
  }
}
