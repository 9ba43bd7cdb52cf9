// Pattern matching of ShuffleNet's channel shuffle.

/// Reshape to (n, groups, channels / groups, height, width), Transpose of the two, Reshape back: one `ChannelShuffle`.
extension Graph {
  mutating func findChannelShuffles() {
    let uses = Uses(self)
    var removed = Set<Int>()
    for index in nodes.indices {
      guard nodes[index].computation is View, case let shuffled = nodes[index].inputs[0],
        case let output = nodes[index].outputs[0],
        let middle = uses.writer(of: shuffled), uses.onlyReader(of: shuffled) == index,
        let transpose = nodes[middle].computation as? Permutation, transpose.order == [0, 2, 1, 3, 4],
        case let split = nodes[middle].inputs[0], let first = uses.writer(of: split),
        uses.onlyReader(of: split) == middle,
        nodes[first].computation is View, case let input = nodes[first].inputs[0],
        shape(input).rank == 4, shape(input) == shape(output)
      else { continue }
      let (whole, parts) = (shape(input).dimensions, shape(split).dimensions)
      guard parts[0] == whole[0], parts[1] * parts[2] == whole[1], parts[3] == whole[2], parts[4] == whole[3] else {
        continue
      }
      nodes[index].computation = ChannelShuffle(groups: parts[1])
      nodes[index].inputs = [input]
      removed.formUnion([first, middle])
    }
    removeNodes(removed)
  }
}
