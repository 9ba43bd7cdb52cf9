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
    var json = JSONText()
    json.beginObject()
    json.key("images")
    json.integer(perImage.count)
    json.key("failed")
    json.integer(failed)
    json.key("precision")
    json.string(precision.name)
    json.key("loadMs")
    json.number((ends.values.max() ?? origin) - origin + startMs, decimals: 2)
    json.key("load")
    json.beginObject()
    json.key("startMs")
    json.number(startMs, decimals: 2)
    var before = origin
    for part in Part.allCases {
      let end = ends[part] ?? before
      json.key("\(part.rawValue)Ms")
      json.number(end - before, decimals: 2)
      before = end
    }
    json.endObject()
    json.key("firstPredictionMs")
    if let firstDelivery { json.number(firstDelivery - origin + startMs, decimals: 2) } else { json.null() }
    json.key("perImageMs")
    json.beginObject()
    for (name, share) in [("median", 0.5), ("p95", 0.95)] {
      json.key(name)
      if let value = Self.quantile(perImage, share) { json.number(value, decimals: 3) } else { json.null() }
    }
    json.endObject()
    json.key("imagesPerSecond")
    if let firstArrival, let lastFinish, lastFinish > firstArrival {
      json.number(Double(perImage.count) * 1e3 / (lastFinish - firstArrival), decimals: 3)
    } else {
      json.null()
    }
    json.key("peakRssMiB")
    json.number(Self.peakMiB(), decimals: 1)
    json.endObject()
    json.endLine()
    writeToStandardError(json.bytes)
  }

  /// The nearest rank; nil of nothing.
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
