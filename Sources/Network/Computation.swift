// What can run: the nodes of a resolved graph.

/// A computation with everything it takes but its operands at run time.
///
/// An operator whose attributes are all it takes is its own computation and conforms to both protocols; what several
/// operators resolve to, or what a pass puts in, is in `Computations/`.
package protocol Computation: Sendable {
  /// The name in `--describe` and `--profile`.
  var name: String { get }

  var layoutRule: LayoutRule { get }
  /// Whether inputs and the output may be channel slices of a wider value (`BufferView.stride`).
  var takesSlices: Bool { get }
  /// Whether the output may be written over the first input.
  var worksInPlace: Bool { get }
  /// Whether the result is the first input's memory, read under another shape.
  var isView: Bool { get }

  /// Whether a quantized model's results are computed in integers here, so that their bytes are the same everywhere.
  var runsInIntegers: Bool { get }

  /// Multiply-adds per item of the batch.
  func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int
  /// Constants the computation holds, in numbers.
  var parameterCount: Int { get }

  /// Packs weights and returns the code that runs; called once, after every pass. nil: nothing to do.
  func compile(_ context: CompileContext) throws(GraphError) -> Kernel?
}

extension Computation {
  package var layoutRule: LayoutRule { .rowMajor }
  package var takesSlices: Bool { false }
  package var worksInPlace: Bool { false }
  package var isView: Bool { false }
  package var runsInIntegers: Bool { false }
  package var parameterCount: Int { 0 }
  package func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int { 0 }
}
