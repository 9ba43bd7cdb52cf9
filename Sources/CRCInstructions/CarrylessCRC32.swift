// CRC-32 by carry-less multiplication. The whole module is compiled for processors that have the instruction: the caller
// checks for it first.
// Gopal et al., "Fast CRC computation for generic polynomials using PCLMULQDQ instruction", Intel, 2009; the constants
// are x^n modulo the reflected polynomial, for the distances below.

#if arch(x86_64)
  import CCRCInstructions

  /// The register (inverted at start and end by the caller) after these bytes.
  ///
  /// - Parameter bytes: a multiple of 16, at least 64.
  package func foldCRC32(_ register: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    precondition(bytes.count >= 64 && bytes.count % 16 == 0)
    let by64 = SIMD2<Int64>(0x01_5444_2BD4, 0x01_C6E4_1596)  // 64 bytes on
    let by16 = SIMD2<Int64>(0x01_7519_97D0, 0x00_CCAA_009E)  // 16 bytes on
    let by8 = SIMD2<Int64>(0x01_63CD_6124, 0)  // the last 64 bits
    let barrett = SIMD2<Int64>(0x01_DB71_0641, 0x01_F701_1641)  // polynomial and quotient
    var a = unsafe load(bytes, 0) ^ SIMD2(Int64(register), 0)
    var b = unsafe load(bytes, 16)
    var c = unsafe load(bytes, 32)
    var d = unsafe load(bytes, 48)
    var position = 64
    while position + 64 <= bytes.count {
      unsafe a = fold(a, by64, load(bytes, position))
      unsafe b = fold(b, by64, load(bytes, position + 16))
      unsafe c = fold(c, by64, load(bytes, position + 32))
      unsafe d = fold(d, by64, load(bytes, position + 48))
      position += 64
    }
    a = fold(fold(fold(a, by16, b), by16, c), by16, d)
    while position < bytes.count {
      unsafe a = fold(a, by16, load(bytes, position))
      position += 16
    }
    // 128 bits to 64, 64 to 32.
    a = SIMD2(a[1], 0) ^ crc_multiply_cross(a, by16)
    let shifted = SIMD2(
      Int64(truncatingIfNeeded: UInt64(bitPattern: a[0]) >> 32 | UInt64(bitPattern: a[1]) << 32), a[1] >> 32)
    a = shifted ^ crc_multiply_low(low32(a), by8)
    let quotient = low32(crc_multiply_cross(low32(a), barrett))
    a ^= crc_multiply_low(quotient, barrett)
    return UInt32(truncatingIfNeeded: a[0] >> 32)
  }

  @inline(__always)
  private func load(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> SIMD2<Int64> {
    unsafe bytes.loadUnaligned(fromByteOffset: offset, as: SIMD2<Int64>.self)
  }

  @inline(__always)
  private func fold(_ value: SIMD2<Int64>, _ by: SIMD2<Int64>, _ more: SIMD2<Int64>) -> SIMD2<Int64> {
    crc_multiply_low(value, by) ^ crc_multiply_high(value, by) ^ more
  }

  /// The low 32 bits of each half.
  @inline(__always)
  private func low32(_ value: SIMD2<Int64>) -> SIMD2<Int64> { value & SIMD2(repeating: 0xFFFF_FFFF) }
#endif
