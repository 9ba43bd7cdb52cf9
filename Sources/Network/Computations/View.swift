// Reshapes and other operators that change the type of a value without changing its bytes.

/// The operand's elements under another shape, or under another floating type's name: nothing to compute.
struct View: Computation {
  let name: String
  /// The shape stays as it is, so that the operand may lie in any layout.
  var keepsShape = false
  var isView: Bool { true }
  var layoutRule: LayoutRule { keepsShape ? .either : .rowMajor }
  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? { nil }
}
