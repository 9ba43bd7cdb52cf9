// The kernels of Winograd convolutions of bytes of one instruction set.

/// Every kernel that such a convolution takes. The arguments are those of the template of the same name; `outputs` (2 or 4) chooses
/// F(2×2, 3×3) or F(4×4, 3×3).
public struct ByteWinogradTable: Sendable {
  /// Columns of a packed panel.
  public var panelWidth: Int
  /// The most rows of a register tile.
  public var tileRows: Int
  public var gemm: @Sendable (UnsafePointer<WordBlock>) -> Void
  public var input:
    @Sendable (
      _ outputs: Int, _ channels: Int, _ pixels: UnsafePointer<UnsafePointer<UInt8>>, _ flip: UInt8,
      _ to: UnsafeMutablePointer<Int16>, _ elementStride: Int, _ work: UnsafeMutablePointer<Int16>
    ) -> Void
  public var kernels:
    @Sendable (
      _ outputs: Int, _ steps: Int, _ kernels: UnsafePointer<Int8>, _ to: UnsafeMutablePointer<Int16>,
      _ elementStride: Int, _ work: UnsafeMutablePointer<Int16>
    ) -> Void
  public var output: @Sendable (_ outputs: Int, UnsafePointer<IntegerWinogradOutput>) -> Void

  /// The fewest channels that `input` takes: a vector.
  @inlinable public var fewestChannels: Int { panelWidth }

  /// The table of the kernels over the format `F`. Inlined whole, as `KernelTable.init`.
  @inline(__always) @inlinable
  public init<F: WordFormat>(_: F.Type) {
    panelWidth = 2 &* F.width
    tileRows = F.tileRows
    gemm = { KernelTemplates.gemm(F.self, $0) }
    input = { outputs, channels, pixels, flip, to, elementStride, work in
      if outputs == 2 {
        integerWinogradInput(
          IntegerWinogradTwo.self, F.Words.self, channels: channels, pixels: pixels, flip: flip, to: to,
          elementStride: elementStride, work: work)
      } else {
        integerWinogradInput(
          IntegerWinogradFour.self, F.Words.self, channels: channels, pixels: pixels, flip: flip, to: to,
          elementStride: elementStride, work: work)
      }
    }
    kernels = { outputs, steps, kernels, to, elementStride, work in
      if outputs == 2 {
        integerWinogradKernels(
          IntegerWinogradTwo.self, F.Words.self, steps: steps, kernels: kernels, to: to,
          elementStride: elementStride, work: work)
      } else {
        integerWinogradKernels(
          IntegerWinogradFour.self, F.Words.self, steps: steps, kernels: kernels, to: to,
          elementStride: elementStride, work: work)
      }
    }
    output = { outputs, run in
      if outputs == 2 {
        integerWinogradOutput(IntegerWinogradTwo.self, F.self, run)
      } else {
        integerWinogradOutput(IntegerWinogradFour.self, F.self, run)
      }
    }
  }
}
