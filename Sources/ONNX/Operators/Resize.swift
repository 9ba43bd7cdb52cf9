// Importers of Resize and its predecessor Upsample.

internal import Network

/// Resize, opsets 10 (scales alone), 11, 13, 18 (antialias, axes, keep_aspect_ratio_policy), 19; `roi` is for crops, which
/// are refused.
@Sendable func importResize(_ node: inout NodeImport) throws(GraphError) {
  var resize = try node.resize()
  if node.opset < 11 {
    resize.scalesOperand = 1
    resize.coordinates = .asymmetric
    // What opset 10 does, by its reference.
    resize.rounding = .floor
  } else {
    let coordinates = try node.attributes.string("coordinate_transformation_mode") ?? "half_pixel"
    guard let known = Resize.Coordinates(rawValue: coordinates) else {
      throw .unsupported("coordinate_transformation_mode \(coordinates)")
    }
    resize.coordinates = known
    guard let rounding = Resize.Rounding(rawValue: try node.attributes.string("nearest_mode") ?? "round_prefer_floor")
    else { throw .attribute("nearest_mode") }
    resize.rounding = rounding
  }
  resize.antialiases = try node.attributes.flag("antialias")
  resize.cubicCoefficient = try node.attributes.float("cubic_coeff_a") ?? -0.75
  resize.excludesOutside = try node.attributes.flag("exclude_outside")
  resize.axes = try node.attributes.integers("axes")
  node.attributes.ignore("extrapolation_value")
  guard let policy = Resize.RatioPolicy(rawValue: try node.attributes.string("keep_aspect_ratio_policy") ?? "stretch")
  else { throw .attribute("keep_aspect_ratio_policy") }
  resize.keepsRatio = policy
  node.add(resize)
}

/// Upsample, opsets 7 (scales as an attribute), 9 (as an operand).
@Sendable func importUpsample(_ node: inout NodeImport) throws(GraphError) {
  var resize = try node.resize()
  resize.scalesOperand = 1
  resize.coordinates = .asymmetric
  resize.rounding = .floor
  guard let scales = try node.attributes.floats("scales") else { return node.add(resize) }
  let tensor = try Tensor(dimensions: [scales.count], floats: scales)
  node.add(resize, inputs: [node.input(0), node.graph.addConstant(name: "\(node.name)/scales", tensor)])
}

extension NodeImport {
  fileprivate mutating func resize() throws(GraphError) -> Resize {
    var resize = Resize()
    let mode = try attributes.string("mode") ?? "nearest"
    guard let known = Resize.Mode(rawValue: mode == "bilinear" ? "linear" : mode) else { throw .attribute("mode") }
    resize.mode = known
    return resize
  }
}
