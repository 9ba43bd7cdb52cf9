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
  public var channelwiseRow: @Sendable (_ taps: Int, _ stride: Int, UnsafePointer<ChannelwiseRow>) -> Void
  public var copyRun:
    @Sendable (_ count: Int, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>) -> Void
  public var copyPixels:
    @Sendable (
      _ count: Int, _ channels: Int, _ input: UnsafePointer<Float>, _ inputStride: Int,
      _ output: UnsafeMutablePointer<Float>, _ outputStride: Int
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
  public var combineRun:
    @Sendable (
      VectorCombination, _ count: Int, _ a: UnsafePointer<Float>, _ stepA: Int, _ b: UnsafePointer<Float>,
      _ stepB: Int, _ output: UnsafeMutablePointer<Float>
    ) -> Void
  public var scaleShiftRun:
    @Sendable (
      _ count: Int, _ scale: UnsafePointer<Float>, _ shift: UnsafePointer<Float>, _ input: UnsafePointer<Float>,
      _ output: UnsafeMutablePointer<Float>
    ) -> Void
  /// `lanes`: width floats, written, here and below.
  public var momentsRow:
    @Sendable (_ count: Int, _ center: Float, _ input: UnsafePointer<Float>, _ lanes: UnsafeMutablePointer<Float>) ->
      (sum: Float, squares: Float)
  public var normalizeRows:
    @Sendable (
      _ rows: Int, _ count: Int, _ centers: Bool, _ epsilon: Float, _ scale: UnsafePointer<Float>,
      _ shift: UnsafePointer<Float>, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
      _ lanes: UnsafeMutablePointer<Float>
    ) -> Void
  public var softmaxRow:
    @Sendable (
      _ count: Int, _ factor: Float, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
      _ lanes: UnsafeMutablePointer<Float>
    ) -> Void
  public var attentionRow:
    @Sendable (
      _ count: Int, _ scores: UnsafeMutablePointer<Float>, _ first: UnsafePointer<Float>?,
      _ second: UnsafePointer<Float>?, _ fresh: UnsafePointer<Float>
    ) -> Float
  public var packPanel:
    @Sendable (
      _ depth: Int, _ columns: Int, _ factor: Float, _ from: UnsafePointer<Float>, _ rowStep: Int, _ columnStep: Int,
      _ to: UnsafeMutablePointer<Float>
    ) -> Void
  public var packRows:
    @Sendable (
      _ rows: Int, _ columns: Int, _ from: UnsafePointer<Float>, _ rowStep: Int, _ columnStep: Int,
      _ to: UnsafeMutablePointer<Float>
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
    channelwiseRow = { KernelTemplates.channelwiseRow(V.self, taps: $0, stride: $1, $2) }
    copyRun = { KernelTemplates.copyRun(V.self, $0, $1, $2) }
    copyPixels = { KernelTemplates.copyPixels(V.self, $0, channels: $1, $2, $3, $4, $5) }
    maxPoolRow = { KernelTemplates.maxPoolRow(V.self, $0) }
    averagePoolRow = { KernelTemplates.averagePoolRow(V.self, $0, counts: $1) }
    activateRun = { KernelTemplates.activateRun(V.self, $0, $1, $2, $3) }
    addRun = { KernelTemplates.addRun(V.self, $0, $1, $2, $3, low: $4, high: $5) }
    combineRun = {
      KernelTemplates.combineRun(V.self, $0, $1, $2, stepA: $3, $4, stepB: $5, $6)
    }
    scaleShiftRun = { KernelTemplates.scaleShiftRun(V.self, $0, $1, $2, $3, $4) }
    momentsRow = { KernelTemplates.momentsRow(V.self, $0, center: $1, $2, lanes: $3) }
    normalizeRows = {
      KernelTemplates.normalizeRows(
        V.self, $0, $1, centers: $2, epsilon: $3, scale: $4, shift: $5, $6, $7, lanes: $8)
    }
    softmaxRow = { KernelTemplates.softmaxRow(V.self, $0, factor: $1, $2, $3, lanes: $4) }
    attentionRow = { KernelTemplates.attentionRow(V.self, $0, $1, $2, $3, fresh: $4) }
    packPanel = {
      KernelTemplates.packPanel(
        V.self, depth: $0, columns: $1, factor: $2, $3, rowStep: $4, columnStep: $5, $6)
    }
    packRows = { KernelTemplates.packRows(V.self, rows: $0, columns: $1, $2, rowStep: $3, columnStep: $4, $5) }
  }
}
