// Importers of the type conversions Cast and CastLike.

internal import Elements
internal import Network

/// Cast, opsets 6, 9, 13, 19, 21. `saturate` concerns the 8-bit floats alone.
@Sendable func importCast(_ node: inout NodeImport) throws(GraphError) {
  node.attributes.ignore("saturate")
  node.attributes.ignore("round_mode")
  guard let code = try node.attributes.integer("to") else { throw .attribute("to") }
  guard let type = ElementType(onnx: code) else { throw .unsupported("element type \(code)") }
  node.add(Cast(to: type))
}

/// CastLike, opsets 15, 19, 21: operand 1 has the type.
@Sendable func importCastLike(_ node: inout NodeImport) throws(GraphError) {
  node.attributes.ignore("saturate")
  node.add(Cast(to: nil))
}
