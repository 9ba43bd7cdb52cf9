// Removes the copies of transposes that a change of layout or of a matrix operand's stride can express.

/// Transposes that need no copy. A picture that is flattened to (n, channels, pixels) and transposed to (n, pixels, channels) is
/// transposed first, and likewise in the other direction: for a value that is stored channels-last, the transpose is
/// a view. A matrix product reads an operand whose last two axes are swapped as it is.
extension Graph {
  mutating func moveTransposes() {
    transposePictures()
    absorbTransposes()
  }

  private mutating func transposePictures() {
    let uses = Uses(self)
    for index in nodes.indices {
      guard let transpose = nodes[index].computation as? Permutation, transpose.order == [0, 2, 1] else { continue }
      let (input, output) = (nodes[index].inputs[0], nodes[index].outputs[0])
      if let writer = uses.writer(of: input), nodes[writer].computation is View, uses.onlyReader(of: input) == index,
        case let picture = nodes[writer].inputs[0], shape(picture).rank == 4,
        let channelsLast = flattened(shape(picture), to: shape(input))
      {
        let between = addCopy(of: picture, suffix: "/transposed", shape: channelsLast)
        nodes[writer].computation = Permutation(order: [0, 2, 3, 1])
        nodes[writer].outputs = [between]
        nodes[index].computation = View(name: "Reshape")
        nodes[index].inputs = [between]
      } else if let reader = uses.onlyReader(of: output), nodes[reader].computation is View,
        case let picture = nodes[reader].outputs[0], shape(picture).rank == 4,
        let channelsLast = flattened(shape(picture), to: shape(output))
      {
        let between = addCopy(of: picture, suffix: "/transposed", shape: channelsLast)
        nodes[index].computation = View(name: "Reshape")
        nodes[index].outputs = [between]
        nodes[reader].computation = Permutation(order: [0, 3, 1, 2])
        nodes[reader].inputs = [between]
      }
    }
  }

  /// (n, height, width, channels), where `flat` is the picture with height and width as one axis.
  private func flattened(_ picture: Shape, to flat: Shape) -> Shape? {
    let d = picture.dimensions
    guard picture.isBatched == flat.isBatched, flat.dimensions == [d[0], d[1], d[2] * d[3]] else { return nil }
    return try? picture.with([d[0], d[2], d[3], d[1]])
  }

  private mutating func absorbTransposes() {
    let uses = Uses(self)
    for index in nodes.indices {
      guard var product = nodes[index].computation as? MatrixProduct else { continue }
      for position in 0..<2 {
        let input = nodes[index].inputs[position]
        guard let writer = uses.writer(of: input), let transpose = nodes[writer].computation as? Permutation,
          shape(input).rank >= 3, transpose.swapsLastAxes
        else { continue }
        if position == 0 { product.transposesA.toggle() } else { product.transposesB.toggle() }
        nodes[index].inputs[position] = nodes[writer].inputs[0]
      }
      nodes[index].computation = product
    }
    removeUnused()
  }
}

extension Permutation {
  fileprivate var swapsLastAxes: Bool {
    let rank = order.count
    return order == Array(0..<rank - 2) + [rank - 1, rank - 2]
  }
}
