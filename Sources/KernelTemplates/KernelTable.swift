// The functions of one instruction set, through which `Kernels` calls templates compiled for its vectors.

/// Every kernel of one instruction set. The arguments are those of the template of the same name.
public struct KernelTable: Sendable {
  /// Floats in a vector; a packed panel is two vectors wide.
  public var width: Int
  /// The most rows of a register tile.
  public var tileRows: Int
  public var gemm: @Sendable (UnsafePointer<FloatBlock>) -> Void
  /// `outputs` (2 or 4) chooses F(2×2, 3×3) or F(4×4, 3×3).
  public var winogradInput:
    @Sendable (
      _ outputs: Int, _ channels: Int, _ pixels: UnsafePointer<UnsafePointer<Float>>, _ to: UnsafeMutablePointer<Float>,
      _ elementStride: Int, _ work: UnsafeMutablePointer<Float>
    ) -> Void
  public var winogradKernel:
    @Sendable (
      _ outputs: Int, _ kernels: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, _ elementStride: Int,
      _ work: UnsafeMutablePointer<Float>
    ) -> Void
  public var winogradOutput: @Sendable (_ outputs: Int, WinogradOutput) -> Void
  public var depthwiseRow:
    @Sendable (
      WindowRow, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ bias: UnsafePointer<Float>,
      _ residual: UnsafePointer<Float>?, _ residualStride: Int, _ low: Float, _ high: Float
    ) -> Void
  public var maxPoolRow: @Sendable (WindowRow) -> Void
  public var averagePoolRow: @Sendable (WindowRow, _ counts: UnsafePointer<Float>) -> Void
  public var activateRun:
    @Sendable (VectorActivation, _ count: Int, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>) ->
      Void
  public var addRun:
    @Sendable (
      _ count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
      _ low: Float, _ high: Float
    ) -> Void
  public var multiplyRun:
    @Sendable (
      _ count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>
    ) -> Void
  public var exponentialRun:
    @Sendable (_ count: Int, _ shift: Float, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>) ->
      Void
  /// `lanes`: 2 · width floats, written.
  public var momentsRow:
    @Sendable (_ count: Int, _ center: Float, _ input: UnsafePointer<Float>, _ lanes: UnsafeMutablePointer<Float>) ->
      Void
  public var affineRow:
    @Sendable (
      _ count: Int, _ factor: Float, _ offset: Float, _ scale: UnsafePointer<Float>, _ shift: UnsafePointer<Float>,
      _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>
    ) -> Void
  public var softmaxRow:
    @Sendable (
      _ count: Int, _ factor: Float, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
      _ lanes: UnsafeMutablePointer<Float>
    ) -> Void

  /// The table of the kernels over `V`. Inlined whole into the target that is compiled for the instruction set: nothing of it may be
  /// shared with a target compiled for another.
  @inline(__always) @inlinable
  public init<V: FloatVector>(_: V.Type) {
    width = V.width
    tileRows = FloatFormat<V>.tileRows
    gemm = { KernelTemplates.gemm(FloatFormat<V>.self, $0) }
    winogradInput = { outputs, channels, pixels, to, elementStride, work in
      if outputs == 2 {
        KernelTemplates.winogradInput(
          WinogradTwo.self, V.self, channels: channels, pixels: pixels, to: to, elementStride: elementStride, work: work
        )
      } else {
        KernelTemplates.winogradInput(
          WinogradFour.self, V.self, channels: channels, pixels: pixels, to: to, elementStride: elementStride,
          work: work)
      }
    }
    winogradKernel = { outputs, kernels, to, elementStride, work in
      if outputs == 2 {
        KernelTemplates.winogradKernel(
          WinogradTwo.self, V.self, kernels: kernels, to: to, elementStride: elementStride, work: work)
      } else {
        KernelTemplates.winogradKernel(
          WinogradFour.self, V.self, kernels: kernels, to: to, elementStride: elementStride, work: work)
      }
    }
    winogradOutput = { outputs, tile in
      if outputs == 2 {
        KernelTemplates.winogradOutput(WinogradTwo.self, V.self, tile)
      } else {
        KernelTemplates.winogradOutput(WinogradFour.self, V.self, tile)
      }
    }
    depthwiseRow = { row, weights, weightStride, bias, residual, residualStride, low, high in
      KernelTemplates.depthwiseRow(
        V.self, row, weights: weights, weightStride: weightStride, bias: bias, residual: residual,
        residualStride: residualStride, low: low, high: high)
    }
    maxPoolRow = { KernelTemplates.maxPoolRow(V.self, $0) }
    averagePoolRow = { KernelTemplates.averagePoolRow(V.self, $0, counts: $1) }
    activateRun = { KernelTemplates.activateRun(V.self, $0, $1, $2, $3) }
    addRun = { KernelTemplates.addRun(V.self, $0, $1, $2, $3, low: $4, high: $5) }
    multiplyRun = { KernelTemplates.multiplyRun(V.self, $0, $1, $2, $3) }
    momentsRow = { KernelTemplates.momentsRow(V.self, $0, center: $1, $2, lanes: $3) }
    affineRow = {
      KernelTemplates.affineRow(V.self, $0, factor: $1, offset: $2, scale: $3, shift: $4, $5, $6)
    }
    softmaxRow = { KernelTemplates.softmaxRow(V.self, $0, factor: $1, $2, $3, lanes: $4) }
    exponentialRun = { KernelTemplates.exponentialRun(V.self, $0, shift: $1, $2, $3) }
  }
}
