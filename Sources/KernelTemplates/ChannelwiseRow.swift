// One output row of one vector of channels, of a convolution whose groups lie within a vector: depthwise convolution, and grouped
// convolution of few channels a group. Two sets of sums take turns, so that one waits for its multipliers while the other multiplies.

/// What `channelwiseRow` computes. Pixels are `pixelStride` floats apart and carry their padding, so that no window is cut at the left
/// or right.
public struct ChannelwiseRow {
  /// The first pixel of the first output's window, in the input row under the first kernel row that is inside.
  public var input: UnsafePointer<Float>
  public var pixelStride: Int
  /// Floats from one kernel row's input row to the next one's.
  public var rowStep: Int
  public var kernelRows: Int
  /// How many times the taps of `TapCount` a kernel row has.
  public var parts: Int
  /// Inputs of a group.
  public var groupInputs: Int
  /// (groupInputs, V.width): which lane each channel takes; not read where groups are of one channel.
  public var orders: UnsafePointer<Int32>
  /// (kernelRows, parts, groupInputs, taps, V.width)
  public var weights: UnsafePointer<Float>
  /// (V.width)
  public var bias: UnsafePointer<Float>
  /// How many of the vector's channels are written.
  public var channels: Int
  /// At least 4, or a multiple of 4 where outputs must not be written twice.
  public var outWidth: Int
  public var output: UnsafeMutablePointer<Float>
  public var outputStride: Int
  public var low: Float
  public var high: Float

  @inlinable public init(
    input: UnsafePointer<Float>, pixelStride: Int, rowStep: Int, kernelRows: Int, parts: Int, groupInputs: Int,
    orders: UnsafePointer<Int32>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, channels: Int,
    outWidth: Int,
    output: UnsafeMutablePointer<Float>, outputStride: Int, low: Float, high: Float
  ) {
    self.input = input
    self.pixelStride = pixelStride
    self.rowStep = rowStep
    self.kernelRows = kernelRows
    self.parts = parts
    self.groupInputs = groupInputs
    self.orders = orders
    self.weights = weights
    self.bias = bias
    self.channels = channels
    self.outWidth = outWidth
    self.output = output
    self.outputStride = outputStride
    self.low = low
    self.high = high
  }
}

/// output = clamp(bias + Σ weights · input, low, high), by windows `stride` (1 or 2) pixels apart and parts of `taps` taps: 1 or 3, and 5
/// or 7 where groups are of one channel.
@inline(__always) @inlinable
public func channelwiseRow<V: FloatVector>(
  _: V.Type, taps: Int, stride: Int, _ row: UnsafePointer<ChannelwiseRow>
) {
  let isGrouped = row.pointee.groupInputs > 1
  switch (taps, stride, isGrouped) {
  case (1, 1, true): span(V.self, SeveralInputs.self, AdjacentWindows.self, TapCount<1>.self, row)
  case (1, _, true): span(V.self, SeveralInputs.self, AlternateWindows.self, TapCount<1>.self, row)
  case (_, 1, true): span(V.self, SeveralInputs.self, AdjacentWindows.self, TapCount<3>.self, row)
  case (_, _, true): span(V.self, SeveralInputs.self, AlternateWindows.self, TapCount<3>.self, row)
  case (3, 1, false): span(V.self, OneInput.self, AdjacentWindows.self, TapCount<3>.self, row)
  case (3, _, false): span(V.self, OneInput.self, AlternateWindows.self, TapCount<3>.self, row)
  case (5, 1, false): span(V.self, OneInput.self, AdjacentWindows.self, TapCount<5>.self, row)
  case (5, _, false): span(V.self, OneInput.self, AlternateWindows.self, TapCount<5>.self, row)
  case (_, 1, false): span(V.self, OneInput.self, AdjacentWindows.self, TapCount<7>.self, row)
  case (_, _, false): span(V.self, OneInput.self, AlternateWindows.self, TapCount<7>.self, row)
  }
}

/// Whether groups have several inputs, as a type.
public protocol GroupInputs {
  static var areSeveral: Bool { get }
}

public enum OneInput: GroupInputs {
  @inline(__always) @inlinable public static var areSeveral: Bool { false }
}

public enum SeveralInputs: GroupInputs {
  @inline(__always) @inlinable public static var areSeveral: Bool { true }
}

/// How far apart the windows of neighbouring outputs begin, as a type.
@usableFromInline protocol WindowSpacing {
  /// Pixels.
  static var pixels: Int { get }
  /// One step of four outputs: `addAdjacentTaps` or `addAlternateTaps`.
  static func addTaps<V: FloatVector, let width: Int>(
    _: TapCount<width>.Type, isGrouped: Bool, _ s0: inout V, _ s1: inout V, _ s2: inout V, _ s3: inout V,
    _ line: UnsafePointer<Float>, _ pixelStride: Int, _ weights: UnsafePointer<Float>, _ order: UnsafePointer<Int32>)
}

@usableFromInline enum AdjacentWindows: WindowSpacing {
  @inline(__always) @inlinable static var pixels: Int { 1 }
  @inline(__always) @inlinable
  static func addTaps<V: FloatVector, let width: Int>(
    _ taps: TapCount<width>.Type, isGrouped: Bool, _ s0: inout V, _ s1: inout V, _ s2: inout V, _ s3: inout V,
    _ line: UnsafePointer<Float>, _ pixelStride: Int, _ weights: UnsafePointer<Float>, _ order: UnsafePointer<Int32>
  ) { addAdjacentTaps(taps, isGrouped: isGrouped, &s0, &s1, &s2, &s3, line, pixelStride, weights, order) }
}

@usableFromInline enum AlternateWindows: WindowSpacing {
  @inline(__always) @inlinable static var pixels: Int { 2 }
  @inline(__always) @inlinable
  static func addTaps<V: FloatVector, let width: Int>(
    _ taps: TapCount<width>.Type, isGrouped: Bool, _ s0: inout V, _ s1: inout V, _ s2: inout V, _ s3: inout V,
    _ line: UnsafePointer<Float>, _ pixelStride: Int, _ weights: UnsafePointer<Float>, _ order: UnsafePointer<Int32>
  ) { addAlternateTaps(taps, isGrouped: isGrouped, &s0, &s1, &s2, &s3, line, pixelStride, weights, order) }
}

/// A row of outputs, four at a time; the last four begin early enough to end with the row.
@inline(never) @inlinable
func span<V: FloatVector, G: GroupInputs, W: WindowSpacing, let width: Int>(
  _: V.Type, _: G.Type, _: W.Type, _ taps: TapCount<width>.Type, _ row: UnsafePointer<ChannelwiseRow>
) {
  let (pixelStride, outWidth) = (row.pointee.pixelStride, row.pointee.outWidth)
  let steps = row.pointee.kernelRows &* row.pointee.parts &* row.pointee.groupInputs
  var x = 0
  while x < outWidth {
    let start = x &+ 4 > outWidth ? outWidth &- 4 : x
    var even0 = V.load(row.pointee.bias)
    var even1 = even0
    var even2 = even0
    var even3 = even0
    var odd0 = V(repeating: 0)
    var odd1 = odd0
    var odd2 = odd0
    var odd3 = odd0
    var step = ChannelwiseStep(row, first: W.pixels &* start, taps: width, weights: width &* V.width)
    var left = steps
    while left > 1 {
      W.addTaps(
        taps, isGrouped: G.areSeveral, &even0, &even1, &even2, &even3, step.line, pixelStride, step.weights, step.order)
      step.advance(V.width)
      W.addTaps(
        taps, isGrouped: G.areSeveral, &odd0, &odd1, &odd2, &odd3, step.line, pixelStride, step.weights, step.order)
      step.advance(V.width)
      left &-= 2
    }
    if left > 0 {
      W.addTaps(
        taps, isGrouped: G.areSeveral, &even0, &even1, &even2, &even3, step.line, pixelStride, step.weights, step.order)
    }
    storeFour(row, start, even0 + odd0, even1 + odd1, even2 + odd2, even3 + odd3)
    x &+= 4
  }
}

/// clamp(sum) of the outputs x…x+3.
@inline(__always) @inlinable
func storeFour<V: FloatVector>(_ row: UnsafePointer<ChannelwiseRow>, _ x: Int, _ s0: V, _ s1: V, _ s2: V, _ s3: V) {
  let (lows, highs) = (V(repeating: row.pointee.low), V(repeating: row.pointee.high))
  let (stride, channels) = (row.pointee.outputStride, row.pointee.channels)
  let to = row.pointee.output + x &* stride
  let y0 = s0.raised(to: lows).lowered(to: highs)
  let y1 = s1.raised(to: lows).lowered(to: highs)
  let y2 = s2.raised(to: lows).lowered(to: highs)
  let y3 = s3.raised(to: lows).lowered(to: highs)
  if V.hasMasks || channels < V.width {
    y0.store(to, first: channels)
    y1.store(to + stride, first: channels)
    y2.store(to + 2 &* stride, first: channels)
    y3.store(to + 3 &* stride, first: channels)
  } else {
    y0.store(to)
    y1.store(to + stride)
    y2.store(to + 2 &* stride)
    y3.store(to + 3 &* stride)
  }
}

/// Walks the steps of a tile: the inputs of the groups, then the parts of a kernel row, then the kernel rows.
@usableFromInline struct ChannelwiseStep {
  @usableFromInline var line: UnsafePointer<Float>
  @usableFromInline var weights: UnsafePointer<Float>
  @usableFromInline var order: UnsafePointer<Int32>
  @usableFromInline let firstOrder: UnsafePointer<Int32>
  @usableFromInline let groupInputs: Int
  @usableFromInline let parts: Int
  /// From one part's pixels to the next one's, and from a row's last part to the next row's first.
  @usableFromInline let partStep: Int
  @usableFromInline let rowStep: Int
  @usableFromInline let weightStep: Int
  @usableFromInline var input = 0
  @usableFromInline var part = 0

  @inline(__always) @inlinable
  init(_ row: UnsafePointer<ChannelwiseRow>, first: Int, taps: Int, weights weightStep: Int) {
    line = row.pointee.input + first &* row.pointee.pixelStride
    weights = row.pointee.weights
    order = row.pointee.orders
    firstOrder = order
    groupInputs = row.pointee.groupInputs
    parts = row.pointee.parts
    partStep = taps &* row.pointee.pixelStride
    rowStep = row.pointee.rowStep &- (parts &- 1) &* partStep
    self.weightStep = weightStep
  }

  @inline(__always) @inlinable mutating func advance(_ lanes: Int) {
    weights += weightStep
    input &+= 1
    order += lanes
    if input < groupInputs { return }
    input = 0
    order = firstOrder
    part &+= 1
    if part < parts {
      line += partStep
    } else {
      part = 0
      line += rowStep
    }
  }
}

/// `count` pixels of `channels` floats copied to pixels `toStride` floats apart, filled up with zeros to `toStride`, a multiple of the
/// vector's width.
@inline(__always) @inlinable
public func copyPixels<V: FloatVector>(
  _: V.Type, _ count: Int, channels: Int, _ input: UnsafePointer<Float>, _ inputStride: Int,
  _ output: UnsafeMutablePointer<Float>, _ outputStride: Int
) {
  let body = channels &- channels % V.width
  for pixel in 0..<count {
    let (from, to) = (input + pixel &* inputStride, output + pixel &* outputStride)
    var channel = 0
    while channel < body {
      V.load(from + channel).store(to + channel)
      channel &+= V.width
    }
    if channel < channels {
      V.load(from + channel, first: channels &- channel).store(to + channel)
      channel &+= V.width
    }
    while channel < outputStride {
      V(repeating: 0).store(to + channel)
      channel &+= V.width
    }
  }
}
