// Reshapes and other operators that change the type of a value without changing its bytes.

/// The operand's elements under another shape, or under another floating type's name: nothing to compute.
struct View: Computation {
  let name: String
  var isView: Bool { true }
  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? { nil }
}
