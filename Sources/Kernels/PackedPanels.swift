// Weights packed into panels for the register tile.

internal import KernelTemplates

/// The panels of every group, one after another, each (positions, steps of the format, panelWidth, elements of a step); and the bias
/// (groups, panels · panelWidth). The columns that fill the last panel of a group are zero.
struct PackedPanels<Element: BitwiseCopyable>: Sendable {
  let panelWidth: Int
  /// Panels of one group.
  let count: Int
  /// Elements of one panel.
  private let panelElements: Int
  private let weights: TypedBuffer<Element>
  private let bias: TypedBuffer<Float>

  /// - Parameter fill: packs part `part` of `parts` of the panel of `outputs`, which begins at `to`.
  fileprivate init(
    groups: Int, columns: Int, panelElements: Int, panelWidth: Int, parts: Int, bias: UnsafePointer<Float>?,
    pool: ThreadPool, fill: (_ outputs: Range<Int>, _ part: Int, _ to: UnsafeMutablePointer<Element>) -> Void
  ) {
    let count = (columns + panelWidth - 1) / panelWidth
    let packed = TypedBuffer<Element>(count: groups * count * panelElements)
    pool.run(tasks: groups * count * parts) { task in
      let (panel, part) = task.quotientAndRemainder(dividingBy: parts)
      let first = panel % count * panelWidth
      let output = panel / count * columns + first
      fill(output..<output + min(panelWidth, columns - first), part, packed.start + panel * panelElements)
    }
    self.panelWidth = panelWidth
    self.count = count
    self.panelElements = panelElements
    self.weights = packed
    self.bias = packedBias(bias, groups: groups, columns: columns, panelWidth: panelWidth)
  }

  func panel(group: Int, _ index: Int) -> UnsafePointer<Element> {
    UnsafePointer(weights.start) + (group * count + index) * panelElements
  }
  func bias(group: Int, _ index: Int) -> UnsafePointer<Float> {
    UnsafePointer(bias.start) + (group * count + index) * panelWidth
  }
}

/// The bias, every group filled up with zeros to whole panels.
func packedBias(_ bias: UnsafePointer<Float>?, groups: Int, columns: Int, panelWidth: Int) -> TypedBuffer<Float> {
  let padded = (columns + panelWidth - 1) / panelWidth * panelWidth
  let buffer = TypedBuffer<Float>(repeating: 0, count: groups * padded)
  if let bias {
    for group in 0..<groups {
      for column in 0..<columns { buffer.start[group * padded + column] = bias[group * columns + column] }
    }
  }
  return buffer
}

// MARK: float32

extension PackedPanels<Float> {
  /// Panels of one step for each input of each of the `kernelPositions`.
  init(
    groups: Int, columns: Int, inputs: Int, kernelPositions: Int, weights: ConvolutionWeights,
    bias: UnsafePointer<Float>?,
    panelWidth: Int, pool: ThreadPool
  ) {
    let chunk = packedChunk(kernelPositions: kernelPositions)
    self.init(
      groups: groups, columns: columns, panelElements: kernelPositions * inputs * panelWidth, panelWidth: panelWidth,
      parts: (inputs + chunk - 1) / chunk, bias: bias, pool: pool
    ) { outputs, part, to in
      packPanel(
        from: weights, outputs: outputs, channels: part * chunk..<min(inputs, (part + 1) * chunk), inputs: inputs,
        kernelPositions: kernelPositions, width: panelWidth, to: to)
    }
  }
}

/// Inputs that one task packs: long panels are cut so that even a layer of few panels keeps every thread at work. A
/// multiple of the elements of a step.
private func packedChunk(kernelPositions: Int) -> Int { max(16, 4096 / kernelPositions & ~3) }

/// A transpose, blocked so that the lines read of each output's weights are used up before they are evicted (their distance is often
/// a power of two), and the lines written stay in L1.
private func packPanel(
  from weights: ConvolutionWeights, outputs: Range<Int>, channels: Range<Int>, inputs: Int, kernelPositions: Int,
  width: Int,
  to: UnsafeMutablePointer<Float>
) {
  let block = weights.outputStep == 1 ? 1 : max(1, 64 / kernelPositions)
  for first in stride(from: channels.lowerBound, to: channels.upperBound, by: block) {
    let last = min(first + block, channels.upperBound)
    for (column, output) in outputs.enumerated() {
      let factor = weights.factor(output)
      var from = weights.start + output * weights.outputStep + first * weights.inputStep
      for channel in first..<last {
        var row = to + channel * width + column
        for position in 0..<kernelPositions {
          row.pointee = from[position] * factor
          row += inputs * width
        }
        from += weights.inputStep
      }
    }
    for column in outputs.count..<width {
      for channel in first..<last {
        for position in 0..<kernelPositions { to[(position * inputs + channel) * width + column] = 0 }
      }
    }
  }
}

// MARK: bfloat16

extension PackedPanels<UInt16> {
  /// Panels as `BFloat16Panel` describes, of one group.
  init(
    columns: Int, inputs: Int, runs: IndirectRuns, weights: ConvolutionWeights, bias: UnsafePointer<Float>?,
    kernels: BFloat16Kernels, pool: ThreadPool
  ) {
    let panel = BFloat16Panel(inputs: inputs, runs: runs, weights: weights, kernels: kernels)
    let chunk = packedChunk(kernelPositions: panel.kernelPositions)
    self.init(
      groups: 1, columns: columns, panelElements: panel.elements, panelWidth: kernels.panelWidth,
      parts: (inputs + chunk - 1) / chunk, bias: bias, pool: pool
    ) { outputs, part, to in
      panel.pack(outputs, channels: part * chunk..<min(inputs, (part + 1) * chunk), to: to)
    }
  }
}
