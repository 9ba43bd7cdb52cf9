// Weights packed into panels for the register tile.

internal import KernelTemplates

/// (groups, panels, depth, panelWidth), depth being kernel positions · inputs of a group; and the bias (groups, panels · panelWidth).
/// The columns that fill the last panel of a group are zero.
struct PackedPanels {
  let panelWidth: Int
  /// Panels of one group.
  let count: Int
  let depth: Int
  let weights: FloatBuffer
  let bias: FloatBuffer

  init(
    groups: Int, columns: Int, inputs: Int, cells: Int, weights: ConvolutionWeights, bias: UnsafePointer<Float>?,
    panelWidth: Int, pool: ThreadPool
  ) {
    let count = (columns + panelWidth - 1) / panelWidth
    let depth = inputs * cells
    self.panelWidth = panelWidth
    self.count = count
    self.depth = depth
    let packed = FloatBuffer(count: groups * count * depth * panelWidth)
    self.weights = packed
    self.bias = packedBias(bias, groups: groups, columns: columns, panelWidth: panelWidth)
    // Long panels are cut so that even a layer of few panels keeps every thread at work.
    let chunk = max(16, 4096 / cells)
    let chunks = (inputs + chunk - 1) / chunk
    pool.run(tasks: groups * count * chunks) { task in
      let panel = task / chunks
      let range = task % chunks * chunk..<min(inputs, (task % chunks + 1) * chunk)
      let first = panel % count * panelWidth
      packPanel(
        from: weights, output: panel / count * columns + first, columns: min(panelWidth, columns - first),
        channels: range, inputs: inputs, cells: cells, width: panelWidth,
        to: packed.start + panel * depth * panelWidth)
    }
  }

  func panel(group: Int, _ index: Int) -> UnsafePointer<Float> {
    UnsafePointer(weights.start) + (group * count + index) * depth * panelWidth
  }
  func bias(group: Int, _ index: Int) -> UnsafePointer<Float> {
    UnsafePointer(bias.start) + (group * count + index) * panelWidth
  }
}

/// The bias, every group filled up with zeros to whole panels.
func packedBias(_ bias: UnsafePointer<Float>?, groups: Int, columns: Int, panelWidth: Int) -> FloatBuffer {
  let padded = (columns + panelWidth - 1) / panelWidth * panelWidth
  let buffer = FloatBuffer(zeros: groups * padded)
  if let bias {
    for group in 0..<groups {
      for column in 0..<columns { buffer.start[group * padded + column] = bias[group * columns + column] }
    }
  }
  return buffer
}

/// A transpose, blocked so that the lines read of each output's weights are used up before they are evicted (their distance is often
/// a power of two), and the lines written stay in L1.
private func packPanel(
  from weights: ConvolutionWeights, output: Int, columns: Int, channels: Range<Int>, inputs: Int, cells: Int,
  width: Int, to: UnsafeMutablePointer<Float>
) {
  let block = weights.outputStep == 1 ? 1 : max(1, 64 / cells)
  for first in stride(from: channels.lowerBound, to: channels.upperBound, by: block) {
    let last = min(first + block, channels.upperBound)
    for column in 0..<columns {
      let factor = weights.factor(output + column)
      var from = weights.start + (output + column) * weights.outputStep + first * weights.inputStep
      for channel in first..<last {
        var row = to + channel * width + column
        for cell in 0..<cells {
          row.pointee = from[cell] * factor
          row += inputs * width
        }
        from += weights.inputStep
      }
    }
    for column in columns..<width {
      for channel in first..<last {
        for cell in 0..<cells { to[(cell * inputs + channel) * width + column] = 0 }
      }
    }
  }
}
