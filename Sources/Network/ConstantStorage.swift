// Where the bytes of a constant are: in the model's mapped file, in memory of its own, or one element stated once.

/// A file or buffer that weights are read from in place. Lives as long as any tensor in it.
package protocol ByteOwner: AnyObject, Sendable {
  /// The bytes at `range` will not be read again soon; a mapped file can give their pages back.
  func discard(_ range: Range<Int>)
}

/// Bytes that do not change. Unchecked: they are written before the object is shared.
package final class ConstantStorage: @unchecked Sendable {
  @safe private enum Source {
    /// One element, as often as it takes.
    case repeated([UInt8])
    case owned(UnsafeMutableRawPointer)
    /// `offset`: of the first byte in `owner`.
    case borrowed(UnsafeRawPointer, owner: any ByteOwner, offset: Int)
  }

  let byteCount: Int
  private let source: Source

  /// `element` `count` times; takes no memory until it is read.
  init(repeating element: [UInt8], count: Int) {
    byteCount = count * element.count
    source = .repeated(element)
  }

  /// Zeros, over which `fill` writes; aligned to a cache line.
  init(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
    let pointer = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
    unsafe pointer.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    unsafe fill(UnsafeMutableRawBufferPointer(start: pointer, count: byteCount))
    self.byteCount = byteCount
    unsafe source = .owned(pointer)
  }

  package convenience init(copying bytes: [UInt8]) {
    unsafe self.init(byteCount: bytes.count) { unsafe $0.copyBytes(from: bytes) }
  }

  convenience init(copying bytes: UnsafeRawBufferPointer) {
    unsafe self.init(byteCount: bytes.count) { unsafe $0.copyMemory(from: bytes) }
  }

  convenience init(copying floats: [Float]) {
    unsafe self.init(byteCount: 4 * floats.count) { buffer in
      unsafe floats.withUnsafeBytes { unsafe buffer.copyMemory(from: $0) }
    }
  }

  /// `bytes` are little-endian elements inside `owner`, starting `offset` bytes into it, and need not be aligned: every
  /// processor this runs on loads a number from any address.
  package init(borrowing bytes: UnsafeRawBufferPointer, owner: any ByteOwner, offset: Int) {
    byteCount = bytes.count
    if let base = bytes.baseAddress {
      unsafe source = .borrowed(base, owner: owner, offset: offset)
    } else {
      unsafe source = .owned(.allocate(byteCount: 1, alignment: 1))
    }
  }

  deinit {
    if case .owned(let pointer) = source { unsafe pointer.deallocate() }
  }

  /// The bytes, valid during `body`.
  func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let storage = materialized()
    defer { withExtendedLifetime(storage) {} }
    return unsafe try body(UnsafeRawBufferPointer(start: storage.address, count: byteCount))
  }

  /// The bytes, valid as long as this object; a repeated element must have been `materialized`.
  @unsafe var address: UnsafeRawPointer {
    switch source {
    case .repeated: preconditionFailure("a repeated element has no address")
    case .owned(let pointer): UnsafeRawPointer(pointer)
    case .borrowed(let pointer, _, _): unsafe pointer
    }
  }

  /// The same bytes with an address.
  func materialized() -> ConstantStorage {
    guard case .repeated(let element) = source else { return self }
    return unsafe ConstantStorage(byteCount: byteCount) { buffer in
      for index in 0..<byteCount { unsafe buffer[index] = element[index % element.count] }
    }
  }

  /// Called once the elements have been packed elsewhere.
  func discard() {
    if case .borrowed(_, let owner, let offset) = source { owner.discard(offset..<offset + byteCount) }
  }
}
