// The templates as AVX-512 has them, sixteen lanes and tiles of twelve rows, over a type of the tests' own: their logic runs on every
// machine, and no code compiled for another instruction set can stand in for it.

import KernelTemplates

let sixteenLaneKernels = KernelTable(SixteenLanes.self)

struct SixteenLanes: FloatVector {
  var lanes: SIMD16<Float>

  init(_ lanes: SIMD16<Float>) { self.lanes = lanes }
  init(repeating value: Float) { lanes = SIMD16(repeating: value) }
  static var width: Int { 16 }
  static var hasMasks: Bool { true }
  static var fusesMultiplyAdd: Bool { false }
  static func load(_ pointer: UnsafePointer<Float>) -> Self {
    Self(UnsafeRawPointer(pointer).loadUnaligned(as: SIMD16<Float>.self))
  }
  func store(_ pointer: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: lanes, as: SIMD16<Float>.self)
  }
  static func load(_ pointer: UnsafePointer<Float>, first count: Int) -> Self {
    var result = SIMD16<Float>()
    for lane in 0..<count { result[lane] = pointer[lane] }
    return Self(result)
  }
  func store(_ pointer: UnsafeMutablePointer<Float>, first count: Int) {
    for lane in 0..<count { pointer[lane] = lanes[lane] }
  }
  static func + (a: Self, b: Self) -> Self { Self(a.lanes + b.lanes) }
  static func - (a: Self, b: Self) -> Self { Self(a.lanes - b.lanes) }
  static func * (a: Self, b: Self) -> Self { Self(a.lanes * b.lanes) }
  static func / (a: Self, b: Self) -> Self { Self(a.lanes / b.lanes) }
  func adding(_ a: Self, times b: Self) -> Self { Self(lanes + a.lanes * b.lanes) }
  func raised(to low: Self) -> Self { Self(lanes.replacing(with: low.lanes, where: lanes .< low.lanes)) }
  func lowered(to high: Self) -> Self { Self(lanes.replacing(with: high.lanes, where: lanes .> high.lanes)) }
  func whereNegative(_ negative: Self) -> Self {
    Self(lanes.replacing(with: negative.lanes, where: lanes .< SIMD16<Float>()))
  }
  func roundedToNearest() -> Self { Self(lanes.rounded(.toNearestOrEven)) }
  func powerOfTwo() -> Self {
    Self(unsafeBitCast((SIMD16<Int32>(lanes) &+ 127) &<< 23, to: SIMD16<Float>.self))
  }
  var total: Float { lanes.sum() }
  var largest: Float { lanes.max() }
  func permuted(_ order: UnsafePointer<Int32>) -> Self {
    var result = lanes
    for lane in 0..<16 { result[lane] = lanes[Int(order[lane])] }
    return Self(result)
  }
}
