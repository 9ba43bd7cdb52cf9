// Group and instance normalization in C order: one task per image and group.

internal import Kernels

/// (n, channels, …): the channels of each group normalized together, then scaled and shifted channel by channel.
struct NormalizedGroups: Computation {
  let name: String
  let epsilon: Float
  let groups: Int
  /// (channels)
  let scale: [Float]
  let shift: [Float]

  var worksInPlace: Bool { true }
  var parameterCount: Int { scale.count + shift.count }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let (channels, images) = (source.dimensions[1], source.dimensions[0])
    let pixels = source.count / images / channels
    let (epsilon, groups, scale, shift) = (epsilon, groups, scale, shift)
    let width = channels / groups
    return Kernel { run in
      let (input, output) = unsafe (run.read(source), run.write(target))
      run.pool.run(tasks: images * run.items(source) * groups) { task in
        let (from, to) = unsafe (input + task * width * pixels, output + task * width * pixels)
        let (mean, factor) = unsafe standardization(count: width * pixels, epsilon: epsilon, from)
        for channel in 0..<width {
          let index = task % groups * width + channel
          let gain = factor * scale[index]
          let offset = shift[index] - mean * gain
          let (row, result) = unsafe (from + channel * pixels, to + channel * pixels)
          for pixel in 0..<pixels { unsafe result[pixel] = row[pixel] * gain + offset }
        }
      }
    }
  }
}
