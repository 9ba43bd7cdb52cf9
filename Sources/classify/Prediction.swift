// The most probable classes of one image.

/// One class and how probable it is.
struct Prediction: Equatable {
  let index: Int
  let probability: Float

  /// The `count` most probable, the lower index first where two are equal.
  static func top(_ count: Int, of probabilities: [Float]) -> [Prediction] {
    var best: [Prediction] = []
    for (index, probability) in probabilities.enumerated() {
      if best.count == count, let least = best.last, probability <= least.probability { continue }
      let place = best.firstIndex { probability > $0.probability } ?? best.count
      best.insert(Prediction(index: index, probability: probability), at: place)
      if best.count > count { best.removeLast() }
    }
    return best
  }
}
