// The command line's flags, by group.

import ArgumentParser
import Kernels
import Streams

struct ModelFlags: ParsableArguments {
  @Option(help: "The ONNX file (default: CLASSIFY_MODEL).")
  var model: String?

  @Option(
    help: "Labels: one per line, JSON, or a model's config.json (default: CLASSIFY_LABELS, else the model's own).")
  var labels: String?

  @Option(help: "The output to read (default: the one that fits the labels, else the only one of shape (n, classes)).")
  var output: String?

  @Option(help: "HEIGHTxWIDTH of the images, for a model that leaves them open; else each tensor's own.")
  var inputSize: InputSize?

  @Option(help: "Activation that turns the output into probabilities; auto decides from the model.")
  var activation = ActivationFlag.auto
}

/// The preprocessing of pixels; what is not given comes from the model or the JSON files next to it.
struct ContractFlags: ParsableArguments {
  @Option(help: "How training scaled pixels: torch, tf, caffe or unit (0…1).")
  var preprocessing: String?

  @Option(help: "Numbers to subtract, one per channel in the model's order, after scaling.")
  var mean: Numbers?

  @Option(help: "Numbers to divide by, after subtracting.")
  var std: Numbers?

  @Option(help: "Factor that pixel values (0…255) are multiplied by first.")
  var scale: Float?

  @Flag(inversion: .prefixedNo, help: "Channels in the order blue, green, red (default: as the model states).")
  var bgr: Bool?

  /// As one source among others.
  var stated: Preprocessing {
    var result = preprocessing.flatMap(Preprocessing.init(mode:)) ?? Preprocessing()
    result.mean = mean?.values ?? result.mean
    result.std = std?.values ?? result.std
    result.scale = scale ?? result.scale
    result.isBGR = bgr ?? result.isBGR
    return result
  }

  func check() throws {
    if let preprocessing, Preprocessing(mode: preprocessing) == nil {
      throw ValidationError("--preprocessing is one of \(Preprocessing.modes.joined(separator: ", ")).")
    }
    if let scale, !scale.isFinite { throw ValidationError("--scale must be a finite number.") }
    for (name, numbers) in [("--mean", mean), ("--std", std)] {
      if let numbers, numbers.values.count != 1 && numbers.values.count != 3 {
        throw ValidationError("\(name) takes one number or three, separated by commas.")
      }
    }
    if let std, std.values.contains(0) { throw ValidationError("--std must not be 0.") }
  }
}

/// `float32` or `bf16`
struct PrecisionFlag: ExpressibleByArgument {
  let precision: Precision
  static let allValueStrings = Precision.allCases.map(\.rawValue)

  init?(argument: String) {
    guard let precision = Precision(rawValue: argument) else { return nil }
    self.precision = precision
  }
}

/// `224x224`: height and width.
struct InputSize: ExpressibleByArgument, Equatable {
  let height: Int
  let width: Int

  init?(argument: String) {
    let parts = argument.split(separator: "x", omittingEmptySubsequences: false).compactMap { Int($0) }
    guard parts.count == 2, parts.allSatisfy({ (1...16384).contains($0) }), argument.allSatisfy({ $0 != "+" }) else {
      return nil
    }
    (height, width) = (parts[0], parts[1])
  }
}

/// `0.485,0.456,0.406`
struct Numbers: ExpressibleByArgument, Equatable {
  let values: [Float]

  init?(argument: String) {
    guard let values: [Float] = finiteNumbers(argument) else { return nil }
    self.values = values
  }
}

struct OutputFlags: ParsableArguments {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case json, csv, text
  }

  @Option(help: "How many classes to report.")
  var top = 5

  @Option(help: "json: one object per line. csv: InputFile,Probability,Label. text: for people.")
  var format = Format.json

  @Flag(help: "Add inferenceMs, the milliseconds of the image's inference, to each JSON object.")
  var timing = false

  func check() throws {
    guard (1...100_000).contains(top) else { throw ValidationError("--top is from 1 to 100000.") }
  }
}

struct RunningFlags: ParsableArguments {
  @Option(help: "Maximum images in progress (default: twice the threads); does not wait to fill a batch.")
  var batch: Int?

  @Option(
    help: "Threads (default: the processors available). One image per thread; a single image uses all threads.")
  var threads: Int?

  @Option(
    help:
      "float32 or bf16: the type in which products with weights are computed (default: CLASSIFY_PRECISION, else float32)."
  )
  var precision: PrecisionFlag?

  @Flag(help: "Exit with 65 if any item failed, instead of 0.")
  var strict = false

  @Flag(help: "One JSON line on standard error at the end: counts, times, memory.")
  var stats = false

  @Flag(help: "Print the time per layer on standard error at the end. One image at a time, on all threads.")
  var profile = false

  @Flag(help: "Print the model's properties as JSON and read no input.")
  var describe = false

  @Flag(
    name: .customLong("print-imgdecode-flags"), help: "Print the imgdecode flags that fit the model and read no input.")
  var printImgdecodeFlags = false

  func check() throws {
    if let batch, !(1...256).contains(batch) { throw ValidationError("--batch is from 1 to 256.") }
    if let threads, !(1...256).contains(threads) { throw ValidationError("--threads is from 1 to 256.") }
  }
}
