// CRC-32 and CRC-32C by Arm's instructions for them, eight bytes each. The whole module is compiled for processors that have them: the
// caller checks for them first.

#if arch(arm64)
  import CCRCInstructions

  /// The register of CRC-32 (inverted at start and end by the caller) after these bytes.
  ///
  /// - Parameter bytes: a multiple of 8.
  package func updateCRC32(_ register: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    unsafe update(register, bytes) { crc_update_32($0, $1) }
  }

  /// As `updateCRC32`, of CRC-32C.
  package func updateCRC32C(_ register: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    unsafe update(register, bytes) { crc_update_32c($0, $1) }
  }

  @inline(__always)
  private func update(
    _ register: UInt32, _ bytes: UnsafeRawBufferPointer, _ step: (UInt32, UInt) -> UInt32
  ) -> UInt32 {
    precondition(bytes.count % 8 == 0)
    var register = register
    for position in stride(from: 0, to: bytes.count, by: 8) {
      register = unsafe step(register, bytes.loadUnaligned(fromByteOffset: position, as: UInt.self))
    }
    return register
  }
#endif
