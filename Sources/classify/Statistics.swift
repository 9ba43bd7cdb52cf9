// The `--stats` report: load time, latency percentiles, throughput and memory.

import POSIX
import Streams

/// What `--stats` reports: times in milliseconds on the monotonic clock, from the first instruction of `main`.
struct Statistics {
  /// The parts of loading, in their order.
  enum Part: String, CaseIterable {
    case map, read, compile
  }

  /// The processor time that the system and the loader took before `main`.
  private let startMs = Clock.processTime.preciseMilliseconds
  private let origin = Clock.monotonic.preciseMilliseconds
  /// When each part of loading ended.
  private var ends: [Part: Double] = [:]
  /// When the first image arrived, the first result was delivered and the last image was computed.
  private var firstArrival: Double?
  private var firstDelivery: Double?
  private var lastFinish: Double?
  private var perImage: [Double] = []

  /// A part of loading has ended.
  mutating func mark(_ part: Part) { ends[part] = Clock.monotonic.preciseMilliseconds }

  /// A whole image has been read.
  mutating func arrived() { if firstArrival == nil { firstArrival = Clock.monotonic.preciseMilliseconds } }

  /// The result of `image` is being written.
  mutating func delivered(_ timing: ImageTiming) {
    perImage.append(timing.milliseconds)
    lastFinish = max(lastFinish ?? timing.finish, timing.finish)
    if firstDelivery == nil { firstDelivery = Clock.monotonic.preciseMilliseconds }
  }

  /// One JSON line on standard error.
  func report(failed: Int, precision: ChosenPrecision) {
    let line = JSONText.line { json in
      json.member("images", perImage.count)
      json.member("failed", failed)
      json.member("precision", precision.name)
      json.member("loadMs", (ends.values.max() ?? origin) - origin + startMs, decimals: 2)
      json.object("load") { json in
        json.member("startMs", startMs, decimals: 2)
        var before = origin
        for part in Part.allCases {
          let end = ends[part] ?? before
          json.member("\(part.rawValue)Ms", end - before, decimals: 2)
          before = end
        }
      }
      json.member("firstPredictionMs", firstDelivery.map { $0 - origin + startMs }, decimals: 2)
      json.object("perImageMs") { json in
        json.member("median", Self.quantile(perImage, 0.5), decimals: 3)
        json.member("p95", Self.quantile(perImage, 0.95), decimals: 3)
      }
      json.member("imagesPerSecond", imagesPerSecond, decimals: 3)
      json.member("peakRssMiB", Self.peakMiB(), decimals: 1)
    }
    writeToStandardError(line)
  }

  /// From the first arrival to the last result; nil before the last result.
  private var imagesPerSecond: Double? {
    guard let firstArrival, let lastFinish, lastFinish > firstArrival else { return nil }
    return Double(perImage.count) * 1e3 / (lastFinish - firstArrival)
  }

  /// The nearest rank; nil for no values.
  static func quantile(_ values: [Double], _ share: Double) -> Double? {
    if values.isEmpty { return nil }
    let rank = Int((Double(values.count) * share).rounded(.up))
    return values.sorted()[max(0, min(values.count, rank) - 1)]
  }

  /// The most memory the process ever held. Not getrusage's figure, which counts what the process held before exec.
  private static func peakMiB() -> Double {
    let lines = (kernelFile("/proc/self/status") ?? "").split(separator: "\n")
    let words = lines.first { $0.hasPrefix("VmHWM:") }?.split { $0 == " " || $0 == "\t" } ?? []
    return words.count < 2 ? 0 : (Double(words[1]) ?? 0) / 1024
  }
}

extension Clock {
  /// As `milliseconds`, with fractions.
  var preciseMilliseconds: Double { seconds * 1e3 }
}
