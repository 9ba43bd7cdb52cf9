// The kernels over bytes of one instruction set, as `KernelTable` has those over floats.

/// How the panels of a product of bytes are packed.
public enum BytePanels: Sendable {
  /// (positions, groups of `depthGroup` k, panelWidth, depthGroup) s8.
  case groups
  /// As `MixedByteFormat` describes.
  case mixed
}

/// Every kernel over bytes. The arguments are those of the template of the same name.
public struct ByteKernelTable: Sendable {
  /// Columns of a packed panel.
  public var panelWidth: Int
  /// The most rows of a register tile.
  public var tileRows: Int
  /// Bytes of a row that one step multiplies.
  public var depthGroup: Int
  public var panels: BytePanels
  /// What the tile and `tapRow` subtract from every byte of the input: 0, or 128 where they multiply signed bytes.
  public var rowOffset: Int32 = 0
  public var gemm: @Sendable (UnsafePointer<ByteBlock>) -> Void
  public var depthwiseRow: @Sendable (ByteWindowRow, ByteDepthwiseWeights, ByteEpilogue) -> Void
  /// Where the instruction set multiplies several taps at a time, weights as `tapLayout` says, in blocks of `tapBlock` channels.
  public var tapRow: (@Sendable (ByteTapRow, ByteTapWeights) -> Void)? = nil
  public var tapLayout = ByteTapLayout.quads
  public var tapBlock: Int
  /// Where an exact Winograd convolution multiplies less than the direct one.
  public var winograd: ByteWinogradTable? = nil
  public var maxPoolRow: @Sendable (ByteWindowRow, _ flip: UInt8) -> Void
  public var averagePoolRow:
    @Sendable (
      ByteWindowRow, ByteInput, _ multipliers: UnsafePointer<Float>, ByteRange, _ sums: UnsafeMutablePointer<Int32>
    ) -> Void
  public var quantizeRun:
    @Sendable (
      _ count: Int, UnsafePointer<Float>, _ scale: Float, ByteRange, _ output: UnsafeMutablePointer<UInt8>
    ) -> Void
  public var dequantizeRun:
    @Sendable (
      _ count: Int, UnsafePointer<UInt8>, ByteInput, _ scale: Float, _ output: UnsafeMutablePointer<Float>
    ) -> Void
  public var requantizeRun:
    @Sendable (
      _ count: Int, UnsafePointer<UInt8>, ByteInput, _ multiplier: Float, ByteRange,
      _ output: UnsafeMutablePointer<UInt8>
    ) -> Void
  public var addRun:
    @Sendable (
      _ count: Int, _ a: UnsafePointer<UInt8>, ByteTerm, _ b: UnsafePointer<UInt8>, ByteTerm, ByteRange,
      _ output: UnsafeMutablePointer<UInt8>
    ) -> Void
  public var multiplyRun:
    @Sendable (
      _ count: Int, _ a: UnsafePointer<UInt8>, ByteInput, _ b: UnsafePointer<UInt8>, ByteInput, _ multiplier: Float,
      ByteRange, _ output: UnsafeMutablePointer<UInt8>
    ) -> Void

  /// The table of the kernels over the format `F`. Inlined whole, as `KernelTable.init`.
  @inline(__always) @inlinable
  public init<F: ByteFormat>(_: F.Type, panels: BytePanels) {
    panelWidth = 2 &* F.width
    tileRows = F.tileRows
    depthGroup = F.depthGroup
    tapBlock = 4 &* F.Floats.width
    self.panels = panels
    gemm = { KernelTemplates.gemm(F.self, $0) }
    depthwiseRow = { byteDepthwiseRow(F.Floats.self, $0, $1, $2) }
    maxPoolRow = { maxPoolBytesRow(F.Floats.self, $0, flip: $1) }
    averagePoolRow = { averagePoolBytesRow(F.Floats.self, $0, $1, multipliers: $2, $3, sums: $4) }
    quantizeRun = { KernelTemplates.quantizeRun(F.Floats.self, $0, $1, scale: $2, $3, $4) }
    dequantizeRun = { KernelTemplates.dequantizeRun(F.Floats.self, $0, $1, $2, scale: $3, $4) }
    requantizeRun = { KernelTemplates.requantizeRun(F.Floats.self, $0, $1, $2, multiplier: $3, $4, $5) }
    addRun = { addBytesRun(F.Floats.self, $0, $1, $2, $3, $4, $5, $6) }
    multiplyRun = { multiplyBytesRun(F.Floats.self, $0, $1, $2, $3, $4, multiplier: $5, $6, $7) }
  }
}
