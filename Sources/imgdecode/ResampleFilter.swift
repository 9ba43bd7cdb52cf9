// The resampling filters, with Pillow's definitions (libImaging/Resample.c).

import ArgumentParser

/// How a pixel of the resized image is made of pixels of the original.
enum ResampleFilter: String, CaseIterable, ExpressibleByArgument, Sendable {
  case bilinear, bicubic, box, nearest

  /// The filter reaches this far to either side of its centre, in output pixels when reducing.
  var support: Double {
    switch self {
    case .bilinear: 1
    case .bicubic: 2
    case .box: 0.5
    case .nearest: 0
    }
  }

  /// The weight at a distance from the centre.
  func weight(at distance: Double) -> Double {
    let x = distance.magnitude
    switch self {
    case .bilinear: return x < 1 ? 1 - x : 0
    case .bicubic:
      // Keys's cubic convolution with a = −½.
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    case .box: return distance > -0.5 && distance <= 0.5 ? 1 : 0
    case .nearest: return 0
    }
  }
}
