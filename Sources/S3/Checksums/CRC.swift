// Cyclic redundancy checks as S3 stores them: CRC-32, CRC-32C and CRC-64/NVME, sixteen bytes a step.
// Kounavis and Berry, "Novel table lookup-based algorithms for high-performance CRC generation", 2008.

import ASCII
import CInstructionSets
import CRCInstructions

/// A reflected CRC whose register starts and ends inverted.
package struct CRC<Register: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
  /// `tables[256 * k + b]`: the CRC of byte b followed by k zero bytes.
  private let tables: [Register]
  private let polynomial: Register
  /// The processor has instructions for this polynomial, or can multiply without carries and the constants are known.
  private let usesInstructions: Bool

  init(polynomial: Register) {
    self.polynomial = polynomial
    #if arch(x86_64)
      // CPUID leaf 1, bit 1 of ecx: PCLMULQDQ.
      usesInstructions = polynomial == 0xEDB8_8320 && isa_cpuid_bit(1, 0, 2, 1) != 0
    #elseif arch(arm64)
      usesInstructions = (polynomial == 0xEDB8_8320 || polynomial == 0x82F6_3B78) && isa_has_crc32() != 0
    #else
      usesInstructions = false
    #endif
    var tables = [Register](repeating: 0, count: 16 * 256)
    for byte in 0..<256 {
      var value = Register(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ polynomial : value >> 1 }
      tables[byte] = value
    }
    for index in 256..<16 * 256 {
      let previous = tables[index - 256]
      tables[index] = (previous >> 8) ^ tables[Int(truncatingIfNeeded: previous & 0xFF)]
    }
    self.tables = tables
  }

  /// The CRC of everything before, `crc` (0 at the start), followed by the bytes.
  @inline(__always)
  package func update(_ crc: Register, _ bytes: RawSpan) -> Register {
    var register = ~crc
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe tables.withUnsafeBufferPointer { tables in
        var position = 0
        #if arch(x86_64)
          if usesInstructions && bytes.count >= 64 {
            position = bytes.count & ~15
            register = unsafe Register(
              truncatingIfNeeded: foldCRC32(
                UInt32(truncatingIfNeeded: register), UnsafeRawBufferPointer(rebasing: bytes[..<position])))
          }
        #elseif arch(arm64)
          if usesInstructions {
            position = bytes.count & ~7
            let whole = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<position])
            let start = UInt32(truncatingIfNeeded: register)
            register = unsafe Register(
              truncatingIfNeeded: polynomial == 0xEDB8_8320 ? updateCRC32(start, whole) : updateCRC32C(start, whole))
          }
        #endif
        while position + 16 <= bytes.count {
          // The register's bytes are folded into the first ones of the step.
          let low =
            unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            ^ UInt64(truncatingIfNeeded: register)
          let high = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position + 8, as: UInt64.self))
          var next: Register = 0
          for index in 0..<8 {
            let shift = UInt64(8 * index)
            unsafe next ^= tables[256 * (15 - index) + Int(truncatingIfNeeded: low >> shift & 0xFF)]
            unsafe next ^= tables[256 * (7 - index) + Int(truncatingIfNeeded: high >> shift & 0xFF)]
          }
          register = next
          position += 16
        }
        while position < bytes.count {
          let index = unsafe Int(truncatingIfNeeded: (register ^ Register(bytes[position])) & 0xFF)
          unsafe register = (register >> 8) ^ tables[index]
          position += 1
        }
      }
    }
    return ~register
  }

  /// The CRC of two pieces in a row from theirs. Multiplication by x^(8n) modulo the polynomial, as in zlib's
  /// `crc32_combine`.
  ///
  /// - Parameter length: bytes of the second piece.
  package func combine(_ first: Register, _ second: Register, length: Int64) -> Register {
    // Reflected: the highest bit is x^0.
    var power = Register(1) << (Register.bitWidth - 9)
    var shifted = first
    var rest = length
    while rest > 0 {
      if rest & 1 == 1 { shifted = multiply(shifted, power) }
      power = multiply(power, power)
      rest >>= 1
    }
    return shifted ^ second
  }

  private func multiply(_ left: Register, _ right: Register) -> Register {
    var product: Register = 0
    var right = right
    var mask = Register(1) << (Register.bitWidth - 1)
    while mask != 0 {
      if left & mask != 0 { product ^= right }
      right = right & 1 == 1 ? (right >> 1) ^ polynomial : right >> 1
      mask >>= 1
    }
    return product
  }
}

/// The CRC of gzip, PNG and `x-amz-checksum-crc32`.
package let crc32 = CRC<UInt32>(polynomial: 0xEDB8_8320)
/// The CRC of iSCSI and `x-amz-checksum-crc32c`.
let crc32c = CRC<UInt32>(polynomial: 0x82F6_3B78)
/// The CRC of NVMe and `x-amz-checksum-crc64nvme`, what AWS stores where a client sent none.
let crc64nvme = CRC<UInt64>(polynomial: 0x9A6C_9329_AC4B_C9B5)

extension CRC<UInt32> {
  /// The CRC of the bytes.
  func checksum(_ bytes: RawSpan) -> UInt32 { update(0, bytes) }
}

/// An integer's bytes, the highest first, in base64: how S3's headers write a CRC.
package func base64(bigEndian value: some FixedWidthInteger) -> String {
  let bytes = stride(from: value.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
  return base64(bytes)
}
