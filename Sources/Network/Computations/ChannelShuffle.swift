// Channel shuffle in channels-last layout (ShuffleNet: Zhang et al., 2017, section 3.1).

internal import Elements
internal import Kernels

/// ShuffleNet's channel shuffle: channels seen as (groups, channels / groups), transposed. Found by a pass in the three
/// nodes that exporters write, because channels-last it is one copy.
struct ChannelShuffle: Computation {
  let name = "ChannelShuffle"
  let groups: Int

  var layoutRule: LayoutRule { .channelsLast }
  var takesSlices: Bool { true }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    return switch source.element.byteCount {
    case 1: kernel(from: source, to: target, moving: UInt8.self)
    case 2: kernel(from: source, to: target, moving: UInt16.self)
    case 4: kernel(from: source, to: target, moving: UInt32.self)
    default: kernel(from: source, to: target, moving: UInt64.self)
    }
  }

  /// - Parameter unit: as wide as an element.
  private func kernel<Unit: BitwiseCopyable & Sendable>(
    from source: BufferView, to target: BufferView, moving unit: Unit.Type
  ) -> Kernel {
    let groups = groups
    let channels = source.channels
    let perGroup = channels / groups
    return Kernel { run in
      let (input, output) = unsafe (run.read(source, as: unit), run.write(target, as: unit))
      rowsInRuns(source.count / channels * run.items(source), width: channels, pool: run.pool) { rows in
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
