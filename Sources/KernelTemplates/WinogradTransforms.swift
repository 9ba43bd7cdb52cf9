// The two-dimensional transforms of a Winograd convolution: `WinogradTile`'s, down the columns and then along the rows, a vector of
// channels at a time. In what follows size = outputs + 2.

/// Bᵀ d B of one tile, every channel.
///
/// - Parameters:
///   - pixels: (size, size) pointers to the pixels under the tile, each (channels).
///   - to: (size · size, ·), elements `elementStride` apart, each (channels).
///   - work: (size · size, width), contents free before and after.
@inline(__always) @inlinable
public func winogradInput<T: WinogradTile, V: FloatVector>(
  _: T.Type, _: V.Type, channels: Int, pixels: UnsafePointer<UnsafePointer<Float>>, to: UnsafeMutablePointer<Float>,
  elementStride: Int, work: UnsafeMutablePointer<Float>
) {
  inVectors(channels, width: V.width) {
    winogradInputOne(T.self, V.self, $0, pixels, to + $0, elementStride, work)
  } rest: {
    winogradInputOne(T.self, ScalarVector<V>.self, $0, pixels, to + $0, elementStride, work)
  }
}

@inline(__always) @inlinable
func winogradInputOne<T: WinogradTile, V: FloatVector>(
  _: T.Type, _: V.Type, _ channel: Int, _ pixels: UnsafePointer<UnsafePointer<Float>>,
  _ to: UnsafeMutablePointer<Float>, _ elementStride: Int, _ work: UnsafeMutablePointer<Float>
) {
  let size = T.outputs &+ 2
  for column in 0..<size {
    T.input(V.self) {
      V.load(pixels[$0 &* size &+ column] + channel)
    } store: {
      $1.store(work + ($0 &* size &+ column) &* V.width)
    }
  }
  for row in 0..<size {
    T.input(V.self) {
      V.load(work + (row &* size &+ $0) &* V.width)
    } store: {
      $1.store(to + (row &* size &+ $0) &* elementStride)
    }
  }
}

/// G g Gᵀ of one input channel's kernels, two vectors of output channels.
///
/// - Parameters:
///   - kernels: (3 · 3, 2 · width)
///   - to: (size · size, ·), elements `elementStride` apart, each (2 · width).
///   - work: (size · 3, width)
@inline(__always) @inlinable
public func winogradKernel<T: WinogradTile, V: FloatVector>(
  _: T.Type, _: V.Type, kernels: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>, elementStride: Int,
  work: UnsafeMutablePointer<Float>
) {
  let size = T.outputs &+ 2
  for vector in 0..<2 {
    let from = kernels + vector &* V.width
    let into = to + vector &* V.width
    for column in 0..<3 {
      T.kernel(V.self) {
        V.load(from + ($0 &* 3 &+ column) &* 2 &* V.width)
      } store: {
        $1.store(work + ($0 &* 3 &+ column) &* V.width)
      }
    }
    for row in 0..<size {
      T.kernel(V.self) {
        V.load(work + (row &* 3 &+ $0) &* V.width)
      } store: {
        $1.store(into + (row &* size &+ $0) &* elementStride)
      }
    }
  }
}

/// One tile of output and where it goes.
public struct WinogradOutput {
  /// (size · size, ·) products, `elementStride` apart, each (channels).
  public var products: UnsafePointer<Float>
  public var elementStride: Int
  public var channels: Int
  /// How much of the tile lies inside the output.
  public var rows: Int
  public var columns: Int
  /// (channels)
  public var bias: UnsafePointer<Float>
  public var residual: UnsafePointer<Float>?
  public var residualRowStride: Int
  public var residualStride: Int
  public var output: UnsafeMutablePointer<Float>
  public var outputRowStride: Int
  public var outputStride: Int
  public var low: Float
  public var high: Float
  /// (size · size, width), contents free before and after.
  public var work: UnsafeMutablePointer<Float>

  @inlinable public init(
    products: UnsafePointer<Float>, elementStride: Int, channels: Int, rows: Int, columns: Int,
    bias: UnsafePointer<Float>, residual: UnsafePointer<Float>?, residualRowStride: Int, residualStride: Int,
    output: UnsafeMutablePointer<Float>, outputRowStride: Int, outputStride: Int, low: Float, high: Float,
    work: UnsafeMutablePointer<Float>
  ) {
    self.products = products
    self.elementStride = elementStride
    self.channels = channels
    self.rows = rows
    self.columns = columns
    self.bias = bias
    self.residual = residual
    self.residualRowStride = residualRowStride
    self.residualStride = residualStride
    self.output = output
    self.outputRowStride = outputRowStride
    self.outputStride = outputStride
    self.low = low
    self.high = high
    self.work = work
  }
}

/// clamp(Aᵀ m A + bias + residual) of one tile, every channel.
@inline(__always) @inlinable
public func winogradOutput<T: WinogradTile, V: FloatVector>(_: T.Type, _: V.Type, _ tile: WinogradOutput) {
  inVectors(tile.channels, width: V.width) {
    winogradOutputOne(T.self, V.self, $0, tile)
  } rest: {
    winogradOutputOne(T.self, ScalarVector<V>.self, $0, tile)
  }
}

@inline(__always) @inlinable
func winogradOutputOne<T: WinogradTile, V: FloatVector>(_: T.Type, _: V.Type, _ channel: Int, _ tile: WinogradOutput) {
  let size = T.outputs &+ 2
  let bias = V.load(tile.bias + channel)
  let low = V(repeating: tile.low)
  let high = V(repeating: tile.high)
  for column in 0..<size {
    T.output(V.self) {
      V.load(tile.products + ($0 &* size &+ column) &* tile.elementStride + channel)
    } store: {
      $1.store(tile.work + ($0 &* size &+ column) &* V.width)
    }
  }
  for row in 0..<tile.rows {
    T.output(V.self) {
      V.load(tile.work + (row &* size &+ $0) &* V.width)
    } store: { column, value in
      guard column < tile.columns else { return }
      var sum = value + bias
      if let residual = tile.residual {
        let pixel = residual + (row &* tile.residualRowStride &+ column &* tile.residualStride)
        sum = sum + V.load(pixel + channel)
      }
      let pixel = tile.output + (row &* tile.outputRowStride &+ column &* tile.outputStride)
      sum.raised(to: low).lowered(to: high).store(pixel + channel)
    }
  }
}
