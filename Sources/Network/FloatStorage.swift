// Where the numbers of a constant are: in the model's mapped file, in memory of our own, or one number said once.

/// A file or buffer that weights are read from in place. Lives as long as any tensor in it.
public protocol ByteOwner: AnyObject, Sendable {
  /// The bytes at `range` will not be read again soon; a mapped file can give their pages back.
  func discard(_ range: Range<Int>)
}

/// float32 numbers that do not change.
public final class FloatStorage: @unchecked Sendable {
  @safe private enum Source {
    case repeated(Float)
    case owned(UnsafeMutablePointer<Float>)
    /// `offset`: of the first byte in `owner`.
    case borrowed(UnsafePointer<Float>, owner: any ByteOwner, offset: Int)
  }

  public let count: Int
  private let source: Source

  init(repeating value: Float, count: Int) {
    self.count = count
    source = .repeated(value)
  }

  /// `count` numbers that `fill` writes, all of them.
  public init(count: Int, fill: (UnsafeMutableBufferPointer<Float>) -> Void) {
    let pointer = UnsafeMutablePointer<Float>.allocate(capacity: max(count, 1))
    unsafe pointer.initialize(repeating: 0, count: count)
    unsafe fill(UnsafeMutableBufferPointer(start: pointer, count: count))
    self.count = count
    unsafe source = .owned(pointer)
  }

  convenience init(copying floats: [Float]) {
    unsafe self.init(count: floats.count) { buffer in _ = unsafe buffer.update(fromContentsOf: floats) }
  }

  /// `bytes` are little-endian float32 inside `owner`, starting `offset` bytes into it, and need not be aligned:
  /// every processor this runs on loads a float from any address.
  public init(borrowing bytes: UnsafeRawBufferPointer, owner: any ByteOwner, offset: Int) {
    count = bytes.count / 4
    if let base = bytes.baseAddress {
      unsafe source = .borrowed(base.assumingMemoryBound(to: Float.self), owner: owner, offset: offset)
    } else {
      source = .repeated(0)
    }
  }

  deinit {
    if case .owned(let pointer) = source { unsafe pointer.deallocate() }
  }

  /// The numbers, valid during `body`.
  public func withFloats<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result {
    switch source {
    case .repeated(let value):
      let values = [Float](repeating: value, count: count)
      return unsafe try values.withUnsafeBufferPointer(body)
    case .owned(let pointer):
      return unsafe try body(UnsafeBufferPointer(start: pointer, count: count))
    case .borrowed(let pointer, _, _):
      return unsafe try body(UnsafeBufferPointer(start: pointer, count: count))
    }
  }

  /// The numbers, valid as long as this object; a repeated number must have been `materialized`.
  @unsafe var address: UnsafePointer<Float> {
    switch source {
    case .repeated: preconditionFailure("a repeated number has no address")
    case .owned(let pointer): unsafe UnsafePointer(pointer)
    case .borrowed(let pointer, _, _): unsafe pointer
    }
  }

  /// The same numbers with an address.
  func materialized() -> FloatStorage {
    guard case .repeated(let value) = source else { return self }
    return unsafe FloatStorage(count: count) { buffer in unsafe buffer.update(repeating: value) }
  }

  /// Called once the numbers have been packed elsewhere.
  func discard() {
    if case .borrowed(_, let owner, let offset) = source { owner.discard(offset..<offset + count * 4) }
  }
}
