// How a compiled step addresses a value: base memory, element type, dimensions and row stride.

internal import Elements

/// Where a value is while the network runs.
struct BufferView: Sendable {
  enum Memory: Sendable {
    /// Bytes from the arena's start.
    case arena(Int)
    case constant(ConstantStorage)
  }

  let memory: Memory
  /// The type in memory.
  let element: ElementType
  /// As stored, per item of the batch if `isBatched`.
  let dimensions: [Int]
  let isBatched: Bool
  /// Elements from one run of the last dimension to the next: more than that dimension in a slice of a wider value.
  let stride: Int

  var count: Int { dimensions.reduce(1, &*) }
  var channels: Int { dimensions.last ?? 1 }
  /// Whether the runs of the last dimension follow one another.
  var isContiguous: Bool { stride == channels }

  /// Whether both begin at the same address, even with different dimensions.
  func startsWhere(_ other: BufferView) -> Bool {
    guard case .arena(let own) = memory, case .arena(let start) = other.memory else { return false }
    return own == start
  }

  /// Whether this is the part of `whole` that starts `start` elements into each of its rows.
  func isSlice(of whole: BufferView, at start: Int) -> Bool {
    guard case .arena(let own) = memory, case .arena(let other) = whole.memory else { return false }
    return own == other + start * element.byteCount && stride == whole.stride
  }
}
