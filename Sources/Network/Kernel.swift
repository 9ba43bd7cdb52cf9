// The run-time side of an operator: where its operands are, and the code to run over them.

internal import Kernels

/// Where a value is while the network runs.
struct Place: Sendable {
  enum Memory: Sendable {
    /// Floats from the arena's start.
    case arena(Int)
    case constant(FloatStorage)
  }

  let memory: Memory
  /// As stored, per item of the batch if `isBatched`.
  let dimensions: [Int]
  let isBatched: Bool
  /// Floats from one run of the last dimension to the next: more than that dimension in a slice of a wider value.
  let stride: Int

  var count: Int { dimensions.reduce(1, &*) }
  var channels: Int { dimensions.last ?? 1 }

  /// Whether both are the same memory, under whatever dimensions.
  func startsWhere(_ other: Place) -> Bool {
    guard case .arena(let own) = memory, case .arena(let start) = other.memory else { return false }
    return own == start
  }
}

/// What `Operator.compile` is given.
public struct Site {
  let inputs: [Place]
  let outputs: [Place]
  let inputShapes: [Shape]
  let outputShapes: [Shape]
  /// Layout of every operand and result of an operator whose rule is `.either`.
  let layout: Layout
  let maxBatch: Int
  let pool: ThreadPool

  /// The items or rows that dimension 0 of `place` has in the largest run.
  func largest(_ place: Place) -> Int { place.isBatched ? maxBatch : 1 }
}

/// Code and what it needs. It holds what does not change from run to run (packed weights, shapes): several runs may be under way at
/// once, each with a frame of its own.
public struct Kernel: Sendable {
  /// How it is computed, for people.
  let algorithm: String
  let scratchFloats: Int
  let run: @Sendable (borrowing Frame) -> Void

  init(_ algorithm: String = "", scratchFloats: Int = 0, run: @escaping @Sendable (borrowing Frame) -> Void) {
    self.algorithm = algorithm
    self.scratchFloats = scratchFloats
    self.run = run
  }
}

/// One run of the network over `batch` items.
@safe
struct Frame: ~Copyable {
  let arena: UnsafeMutablePointer<Float>
  let scratch: UnsafeMutablePointer<Float>
  let batch: Int
  let pool: ThreadPool

  /// The batch for batched values, 1 for others.
  func items(_ place: Place) -> Int { place.isBatched ? batch : 1 }

  @unsafe func read(_ place: Place) -> UnsafePointer<Float> {
    switch place.memory {
    case .arena(let offset): unsafe UnsafePointer(arena + offset)
    case .constant(let storage): unsafe storage.address
    }
  }

  @unsafe func write(_ place: Place) -> UnsafeMutablePointer<Float> {
    guard case .arena(let offset) = place.memory else { preconditionFailure("a constant is not written") }
    return unsafe arena + offset
  }
}
