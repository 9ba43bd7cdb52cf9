// Weights transformed for a Winograd convolution and packed for the register tile.

internal import KernelTemplates

/// G g Gᵀ of all weights: (panels, elements, inputs, panelWidth).
func packWinograd(
  inputs: Int, columns: Int, outputs: Int, weights: ConvolutionWeights, kernels: KernelTable, pool: ThreadPool
) -> TypedBuffer<Float> {
  let width = 2 * kernels.width
  let elements = (outputs + 2) * (outputs + 2)
  let panels = (columns + width - 1) / width
  let packed = TypedBuffer<Float>(count: panels * elements * inputs * width)
  let chunk = 64
  let chunks = (inputs + chunk - 1) / chunk
  pool.run(tasks: panels * chunks) { task in
    let (panel, part) = task.quotientAndRemainder(dividingBy: chunks)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: (9 + 18) * width) { memory in
      let gathered = memory.baseAddress!
      gathered.initialize(repeating: 0, count: memory.count)
      let first = panel * width
      for channel in part * chunk..<min(inputs, (part + 1) * chunk) {
        for column in 0..<min(width, columns - first) {
          let from = weights.start + (first + column) * weights.outputStep + channel * weights.inputStep
          let factor = weights.factor(first + column)
          for position in 0..<9 { gathered[position * width + column] = from[position] * factor }
        }
        kernels.winogradKernel(
          outputs, gathered, packed.start + (panel * elements * inputs + channel) * width, inputs * width,
          gathered + 9 * width)
      }
    }
  }
  return packed
}
