// Per-channel affine transform, with an optional activation, for either memory layout.

internal import Kernels

/// activation(x · scale + shift), channel by channel: a BatchNormalization that no convolution could take in, or
/// arithmetic with a constant per channel. Operand and result: (n, channels, height, width), (n, channels), or in C order
/// (n, channels, …).
struct ScaleShift: Computation {
  let name: String
  /// (channels)
  var scale: [Float]
  var shift: [Float]
  var activation = Activation.none

  init(name: String, scale: [Float], shift: [Float]) {
    self.name = name
    self.scale = scale
    self.shift = shift
  }

  /// This, then another.
  func followed(by other: ScaleShift) -> ScaleShift {
    var result = other
    result.scale = zip(scale, other.scale).map(*)
    result.shift = shift.indices.map { shift[$0] * other.scale[$0] + other.shift[$0] }
    return result
  }

  /// One factor and one summand for all channels, which any layout may have.
  var uniform: (factor: Float, summand: Float)? {
    guard let factor = scale.first, let summand = shift.first, scale.allSatisfy({ $0 == factor }),
      shift.allSatisfy({ $0 == summand })
    else { return nil }
    return (factor, summand)
  }

  var layoutRule: LayoutRule { uniform == nil ? .channelsLast : .either }
  var takesSlices: Bool { true }
  var worksInPlace: Bool { true }
  var parameterCount: Int { scale.count + shift.count }
  func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int { outputs[0].count }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let activation = activation
    if uniform == nil && source.dimensions.count != 4 && source.dimensions.count != 2 { return planes(source, target) }
    let channels = source.channels
    let rows = source.count / channels
    let scale = uniform.map { Array(repeating: $0.factor, count: channels) } ?? scale
    let shift = uniform.map { Array(repeating: $0.summand, count: channels) } ?? shift
    let kernels = RunKernels()
    return Kernel { run in
      let (input, output) = unsafe (run.read(source), run.write(target))
      unsafe scale.withUnsafeBufferPointer { scale in
        unsafe shift.withUnsafeBufferPointer { shift in
          rowsInRuns(rows * run.items(source), width: channels, pool: run.pool) { rows in
            for row in rows {
              unsafe kernels.scaleShift(
                count: channels, scale: scale.baseAddress!, shift: shift.baseAddress!, input + row * source.stride,
                output + row * target.stride, activation: activation)
            }
          }
        }
      }
    }
  }

  /// Each channel's elements follow one another.
  private func planes(_ source: BufferView, _ target: BufferView) -> Kernel {
    let (scale, shift, activation) = (scale, shift, activation)
    let planes = source.dimensions[0] * scale.count
    let width = source.count / planes
    return Kernel { run in
      let (input, output) = unsafe (run.read(source), run.write(target))
      rowsInRuns(planes * run.items(source), width: width, pool: run.pool) { range in
        for plane in range {
          let (factor, offset) = (scale[plane % scale.count], shift[plane % scale.count])
          let (from, to) = unsafe (input + plane * width, output + plane * width)
          for i in 0..<width { unsafe to[i] = from[i] * factor + offset }
          if activation != .none { unsafe applyHere(activation, count: width, to) }
        }
      }
    }
  }
}
