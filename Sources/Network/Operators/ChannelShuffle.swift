internal import Kernels

/// ShuffleNet's channel shuffle: channels seen as (groups, channels / groups), transposed. Found by a pass in the three
/// nodes that exporters write, because channels-last it is one copy.
struct ChannelShuffle: Operator {
  let name = "ChannelShuffle"
  let groups: Int

  func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    .computed(self, reads: [0], shapes: [try operands.activation(0)])
  }

  var layoutRule: LayoutRule { .channelsLast }
  var takesSlices: Bool { true }

  func compile(_ site: Site) throws(GraphError) -> Kernel? {
    let (source, target, groups) = (site.inputs[0], site.outputs[0], groups)
    let channels = source.channels
    let perGroup = channels / groups
    return Kernel { frame in
      let (input, output) = unsafe (frame.read(source), frame.write(target))
      rowsInRuns(source.count / channels * frame.items(source), width: channels, pool: frame.pool) { rows in
        for row in rows {
          let (from, to) = unsafe (input + row * source.stride, output + row * target.stride)
          for group in 0..<groups {
            for channel in 0..<perGroup { unsafe to[channel &* groups &+ group] = from[group &* perGroup &+ channel] }
          }
        }
      }
    }
  }
}
