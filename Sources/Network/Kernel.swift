// The run-time side of a computation: where its operands are, and the code to run over them.

import Kernels

/// What `Computation.compile` is given.
package struct CompileContext {
  let inputs: [BufferView]
  let outputs: [BufferView]
  let inputShapes: [Shape]
  let outputShapes: [Shape]
  /// Layout of every operand and result of a computation whose rule is `.either`.
  let layout: Layout
  let maxBatch: Int
  /// Of products with constant weights.
  let precision: Precision
  let pool: ThreadPool

  /// The items or rows that dimension 0 of `view` has in the largest run.
  func largest(_ view: BufferView) -> Int { view.isBatched ? maxBatch : 1 }
}

/// Code and what it needs. It holds what does not change from run to run (packed weights, shapes): several runs may be under way at
/// once, each with a context of its own.
package struct Kernel: Sendable {
  /// How it is computed, for people.
  let algorithm: String
  let scratchBytes: Int
  let run: @Sendable (borrowing RunContext) -> Void

  init(_ algorithm: String = "", scratchBytes: Int = 0, run: @escaping @Sendable (borrowing RunContext) -> Void) {
    self.algorithm = algorithm
    self.scratchBytes = scratchBytes
    self.run = run
  }
}

/// One run of the network over `batch` items.
@safe
struct RunContext: ~Copyable {
  let arena: UnsafeMutableRawPointer
  let scratch: UnsafeMutableRawPointer
  let batch: Int
  let pool: ThreadPool

  /// The batch for batched values, 1 for others.
  func items(_ view: BufferView) -> Int { view.isBatched ? batch : 1 }

  /// The elements of `view`, which must be of the type asked for, or bytes.
  @unsafe func read<Element>(_ view: BufferView, as type: Element.Type = Float.self) -> UnsafePointer<Element> {
    switch view.memory {
    case .arena(let offset): unsafe UnsafePointer((arena + offset).assumingMemoryBound(to: type))
    case .constant(let storage): unsafe storage.address.assumingMemoryBound(to: type)
    }
  }

  /// The same, to be written.
  @unsafe func write<Element>(_ view: BufferView, as type: Element.Type = Float.self) -> UnsafeMutablePointer<Element> {
    guard case .arena(let offset) = view.memory else { preconditionFailure("a constant is not written") }
    return unsafe (arena + offset).assumingMemoryBound(to: type)
  }
}
