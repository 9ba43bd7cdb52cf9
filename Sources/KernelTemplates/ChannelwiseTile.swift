// Four neighbouring outputs of a convolution whose groups lie within a vector of channels: each pixel is loaded once for all outputs and
// taps of a kernel row that read it. Every sum and every weight is a named local, as in the register tile.

/// The taps of a step as a type: every count is a function without tests.
public enum TapCount<let width: Int> {}

/// A vector of one pixel, permuted where groups have several inputs.
@inline(__always) @inlinable
func lanes<V: FloatVector>(
  _: V.Type, _ pixel: UnsafePointer<Float>, _ isGrouped: Bool, _ order: UnsafePointer<Int32>
) -> V {
  isGrouped ? V.load(pixel).permuted(order) : V.load(pixel)
}

/// One step of outputs two pixels apart.
///
/// - Parameters:
///   - line: the part's first pixel of the first output.
///   - weights: (width, V.width)
///   - order: (V.width), the permutation that gives every channel its group's input, where `isGrouped`.
@inline(__always) @inlinable
func addAlternateTaps<V: FloatVector, let width: Int>(
  _: TapCount<width>.Type, isGrouped: Bool, _ s0: inout V, _ s1: inout V, _ s2: inout V, _ s3: inout V,
  _ line: UnsafePointer<Float>, _ pixelStride: Int, _ weights: UnsafePointer<Float>, _ order: UnsafePointer<Int32>
) {
  let w0 = V.load(weights)
  let w1 = width > 1 ? V.load(weights + 1 &* V.width) : w0
  let w2 = width > 2 ? V.load(weights + 2 &* V.width) : w0
  let w3 = width > 3 ? V.load(weights + 3 &* V.width) : w0
  let w4 = width > 4 ? V.load(weights + 4 &* V.width) : w0
  let w5 = width > 5 ? V.load(weights + 5 &* V.width) : w0
  let w6 = width > 6 ? V.load(weights + 6 &* V.width) : w0
  let p0 = lanes(V.self, line, isGrouped, order)
  s0 = s0.adding(p0, times: w0)
  let p1 = lanes(V.self, line + pixelStride, isGrouped, order)
  if width > 1 { s0 = s0.adding(p1, times: w1) }
  let p2 = lanes(V.self, line + 2 &* pixelStride, isGrouped, order)
  if width > 2 { s0 = s0.adding(p2, times: w2) }
  s1 = s1.adding(p2, times: w0)
  let p3 = lanes(V.self, line + 3 &* pixelStride, isGrouped, order)
  if width > 3 { s0 = s0.adding(p3, times: w3) }
  if width > 1 { s1 = s1.adding(p3, times: w1) }
  let p4 = lanes(V.self, line + 4 &* pixelStride, isGrouped, order)
  if width > 4 { s0 = s0.adding(p4, times: w4) }
  if width > 2 { s1 = s1.adding(p4, times: w2) }
  s2 = s2.adding(p4, times: w0)
  let p5 = lanes(V.self, line + 5 &* pixelStride, isGrouped, order)
  if width > 5 { s0 = s0.adding(p5, times: w5) }
  if width > 3 { s1 = s1.adding(p5, times: w3) }
  if width > 1 { s2 = s2.adding(p5, times: w1) }
  let p6 = lanes(V.self, line + 6 &* pixelStride, isGrouped, order)
  if width > 6 { s0 = s0.adding(p6, times: w6) }
  if width > 4 { s1 = s1.adding(p6, times: w4) }
  if width > 2 { s2 = s2.adding(p6, times: w2) }
  s3 = s3.adding(p6, times: w0)
  if width > 1 {
    let p7 = lanes(V.self, line + 7 &* pixelStride, isGrouped, order)
    if width > 5 { s1 = s1.adding(p7, times: w5) }
    if width > 3 { s2 = s2.adding(p7, times: w3) }
    if width > 1 { s3 = s3.adding(p7, times: w1) }
  }
  if width > 2 {
    let p8 = lanes(V.self, line + 8 &* pixelStride, isGrouped, order)
    if width > 6 { s1 = s1.adding(p8, times: w6) }
    if width > 4 { s2 = s2.adding(p8, times: w4) }
    if width > 2 { s3 = s3.adding(p8, times: w2) }
  }
  if width > 3 {
    let p9 = lanes(V.self, line + 9 &* pixelStride, isGrouped, order)
    if width > 5 { s2 = s2.adding(p9, times: w5) }
    if width > 3 { s3 = s3.adding(p9, times: w3) }
  }
  if width > 4 {
    let p10 = lanes(V.self, line + 10 &* pixelStride, isGrouped, order)
    if width > 6 { s2 = s2.adding(p10, times: w6) }
    if width > 4 { s3 = s3.adding(p10, times: w4) }
  }
  if width > 5 {
    let p11 = lanes(V.self, line + 11 &* pixelStride, isGrouped, order)
    if width > 5 { s3 = s3.adding(p11, times: w5) }
  }
  if width > 6 {
    let p12 = lanes(V.self, line + 12 &* pixelStride, isGrouped, order)
    if width > 6 { s3 = s3.adding(p12, times: w6) }
  }
}

/// One step of outputs one pixel apart: a part of a kernel row, `width` taps, with one input of each group. Arguments as `addAlternateTaps`.
@inline(__always) @inlinable
func addAdjacentTaps<V: FloatVector, let width: Int>(
  _: TapCount<width>.Type, isGrouped: Bool, _ s0: inout V, _ s1: inout V, _ s2: inout V, _ s3: inout V,
  _ line: UnsafePointer<Float>, _ pixelStride: Int, _ weights: UnsafePointer<Float>, _ order: UnsafePointer<Int32>
) {
  let w0 = V.load(weights)
  let w1 = width > 1 ? V.load(weights + 1 &* V.width) : w0
  let w2 = width > 2 ? V.load(weights + 2 &* V.width) : w0
  let w3 = width > 3 ? V.load(weights + 3 &* V.width) : w0
  let w4 = width > 4 ? V.load(weights + 4 &* V.width) : w0
  let w5 = width > 5 ? V.load(weights + 5 &* V.width) : w0
  let w6 = width > 6 ? V.load(weights + 6 &* V.width) : w0
  let p0 = lanes(V.self, line, isGrouped, order)
  s0 = s0.adding(p0, times: w0)
  let p1 = lanes(V.self, line + pixelStride, isGrouped, order)
  if width > 1 { s0 = s0.adding(p1, times: w1) }
  s1 = s1.adding(p1, times: w0)
  let p2 = lanes(V.self, line + 2 &* pixelStride, isGrouped, order)
  if width > 2 { s0 = s0.adding(p2, times: w2) }
  if width > 1 { s1 = s1.adding(p2, times: w1) }
  s2 = s2.adding(p2, times: w0)
  let p3 = lanes(V.self, line + 3 &* pixelStride, isGrouped, order)
  if width > 3 { s0 = s0.adding(p3, times: w3) }
  if width > 2 { s1 = s1.adding(p3, times: w2) }
  if width > 1 { s2 = s2.adding(p3, times: w1) }
  s3 = s3.adding(p3, times: w0)
  if width > 1 {
    let p4 = lanes(V.self, line + 4 &* pixelStride, isGrouped, order)
    if width > 4 { s0 = s0.adding(p4, times: w4) }
    if width > 3 { s1 = s1.adding(p4, times: w3) }
    if width > 2 { s2 = s2.adding(p4, times: w2) }
    if width > 1 { s3 = s3.adding(p4, times: w1) }
  }
  if width > 2 {
    let p5 = lanes(V.self, line + 5 &* pixelStride, isGrouped, order)
    if width > 5 { s0 = s0.adding(p5, times: w5) }
    if width > 4 { s1 = s1.adding(p5, times: w4) }
    if width > 3 { s2 = s2.adding(p5, times: w3) }
    if width > 2 { s3 = s3.adding(p5, times: w2) }
  }
  if width > 3 {
    let p6 = lanes(V.self, line + 6 &* pixelStride, isGrouped, order)
    if width > 6 { s0 = s0.adding(p6, times: w6) }
    if width > 5 { s1 = s1.adding(p6, times: w5) }
    if width > 4 { s2 = s2.adding(p6, times: w4) }
    if width > 3 { s3 = s3.adding(p6, times: w3) }
  }
  if width > 4 {
    let p7 = lanes(V.self, line + 7 &* pixelStride, isGrouped, order)
    if width > 6 { s1 = s1.adding(p7, times: w6) }
    if width > 5 { s2 = s2.adding(p7, times: w5) }
    if width > 4 { s3 = s3.adding(p7, times: w4) }
  }
  if width > 5 {
    let p8 = lanes(V.self, line + 8 &* pixelStride, isGrouped, order)
    if width > 6 { s2 = s2.adding(p8, times: w6) }
    if width > 5 { s3 = s3.adding(p8, times: w5) }
  }
  if width > 6 {
    let p9 = lanes(V.self, line + 9 &* pixelStride, isGrouped, order)
    if width > 6 { s3 = s3.adding(p9, times: w6) }
  }
}
