// Importers of block rearrangements, Trilu, CumSum and Tile.

internal import Network

/// DepthToSpace, opsets 1, 11 (mode), 13.
@Sendable func importDepthToSpace(_ node: inout NodeImport) throws(GraphError) {
  guard let block = try node.attributes.integer("blocksize") else { throw .attribute("blocksize") }
  switch try node.attributes.string("mode") ?? "DCR" {
  case "DCR": node.add(BlockRearrangement(.depthFirst, block: block))
  case "CRD": node.add(BlockRearrangement(.channelsFirst, block: block))
  default: throw .attribute("mode")
  }
}

/// SpaceToDepth, opsets 1, 13, 28 (mode).
@Sendable func importSpaceToDepth(_ node: inout NodeImport) throws(GraphError) {
  guard let block = try node.attributes.integer("blocksize") else { throw .attribute("blocksize") }
  switch try node.attributes.string("mode") ?? "DCR" {
  case "DCR": node.add(BlockRearrangement(.spaceToDepth, block: block))
  case "CRD": node.add(BlockRearrangement(.spaceToChannels, block: block))
  default: throw .attribute("mode")
  }
}

/// Trilu, opset 14.
@Sendable func importTrilu(_ node: inout NodeImport) throws(GraphError) {
  node.add(Triangle(isUpper: try node.attributes.integer("upper") ?? 1 != 0))
}

/// CumSum, opsets 11, 14.
@Sendable func importCumSum(_ node: inout NodeImport) throws(GraphError) {
  let isExclusive = try node.attributes.flag("exclusive")
  node.add(RunningSum(isExclusive: isExclusive, isReversed: try node.attributes.flag("reverse")))
}

/// Tile, opsets 6, 13.
@Sendable func importTile(_ node: inout NodeImport) throws(GraphError) { node.add(Repeat(.tile)) }
