internal import Elements
internal import Network

/// Cast, opsets 6, 9, 13, 19, 21. `saturate` concerns the 8-bit floats alone.
@Sendable func importCast(_ node: inout NodeImport) throws(GraphError) {
  node.attributes.ignore("saturate")
  guard let code = try node.attributes.integer("to") else { throw .attribute("to") }
  guard let type = ElementType(onnx: code) else { throw .unsupported("element type \(code)") }
  node.add(Cast(to: type))
}
