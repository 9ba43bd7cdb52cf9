// Arm's bfmmla in plain arithmetic: the tile of pairs of rows and its panels run on every machine, and where the instruction exists its results
// are compared with these bit by bit.

import KernelTemplates

@testable import Kernels

let plainPairKernels = BFloat16Kernels(
  panelWidth: 2 * PlainPairs.width, tileRows: PlainPairs.tileRows, depthGroup: PlainPairs.depthGroup,
  gemm: { gemm(PlainPairs.self, $0) }, convert: { bfloat16Run($0, $1, $2) })

/// As Arm's manual defines it (BFMatMulAdd without FPCR.EBF): of each sum's four products the first two are added, what results is added to the
/// sum, then the same of the last two.
enum PlainPairs: PairedBFloat16Format {
  /// Four numbers of one row or column, then of another.
  typealias Pair = SIMD8<Float>

  static func factor(_ first: UnsafePointer<UInt16>, _ second: UnsafePointer<UInt16>) -> Pair {
    Pair(lowHalf: numbers(first), highHalf: numbers(second))
  }
  static func weights(_ panel: UnsafeRawPointer) -> Pair {
    let start = panel.assumingMemoryBound(to: UInt16.self)
    return factor(start, start + 4)
  }
  static func adding(_ sums: SIMD4<Float>, _ rows: Pair, times columns: Pair) -> SIMD4<Float> {
    var sums = sums
    for row in 0..<2 {
      for column in 0..<2 {
        for k in [0, 2] {
          // Products of two numbers of eight bits are exact.
          let (a, b) = (4 * row + k, 4 * column + k)
          let products = sumToOdd(rows[a] * columns[b], rows[a + 1] * columns[b + 1])
          sums[2 * row + column] = sumToOdd(sums[2 * row + column], products)
        }
      }
    }
    return sums
  }

  private static func numbers(_ bits: UnsafePointer<UInt16>) -> SIMD4<Float> {
    SIMD4((0..<4).map { Float(bitPattern: UInt32(bits[$0]) << 16) })
  }
}

/// a + b rounded to odd: where the sum is not a float, that of its two neighbours whose last bit is set. Subnormal sums become 0, sums beyond
/// the largest float infinite.
func sumToOdd(_ a: Float, _ b: Float) -> Float {
  let (x, y) = (Double(a), Double(b))
  var sum = x + y
  guard sum.isFinite else { return Float(sum) }
  // What the addition has rounded away (Knuth's TwoSum).
  let back = sum - x
  let error = (x - (sum - back)) + (y - back)
  if error != 0 {
    let truncated = (error < 0) == (sum < 0) ? sum : sum.towardZero
    sum = Double(bitPattern: truncated.bitPattern | 1)
  }
  var result = Float(sum)
  if result.isInfinite {
    return abs(sum) < 0x1p128 ? Float(signOf: result, magnitudeOf: .greatestFiniteMagnitude) : result
  }
  if abs(Double(result)) > abs(sum) { result = Float(bitPattern: result.bitPattern - 1) }
  if Double(result) != sum { result = Float(bitPattern: result.bitPattern | 1) }
  return result.isSubnormal ? Float(signOf: result, magnitudeOf: 0) : result
}

extension Double {
  /// The next number in the direction of 0.
  fileprivate var towardZero: Double { self < 0 ? nextUp : nextDown }
}
