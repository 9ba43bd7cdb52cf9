// How a model's numbers become probabilities.

import ArgumentParser
import Glibc
import Kernels
import Network

/// What is done to the numbers of the output.
enum OutputActivation: String, CaseIterable {
  /// e^x over the sum of all e^x: one class is right.
  case softmax
  /// 1 / (1 + e^−x): every class by itself.
  case sigmoid
  /// Nothing: they are probabilities already.
  case none

  /// Its key in metadata and in `MODEL.json`.
  static let key = "output.activation"

  /// - Parameter values: (classes)
  func apply(to values: [Float]) -> [Float] {
    switch self {
    case .none: values
    case .sigmoid: values.map { 1 / (1 + expf(-$0)) }
    case .softmax: Self.softmax(values)
    }
  }

  /// NaN and infinities are not replaced.
  private static func softmax(_ values: [Float]) -> [Float] {
    unsafe [Float](unsafeUninitializedCapacity: values.count) { buffer, count in
      guard let output = buffer.baseAddress else { return }
      unsafe values.withUnsafeBufferPointer { input in
        unsafe Kernels.softmax(rows: 1, columns: values.count, input: input.baseAddress!, output: output)
      }
      count = values.count
    }
  }
}

/// What `--activation` takes.
enum ActivationFlag: String, ExpressibleByArgument, CaseIterable {
  case auto, softmax, sigmoid, none
}

/// The activation and why it was chosen.
struct ChosenActivation: Equatable {
  let activation: OutputActivation
  let reason: String

  /// The flag, else the metadata, else the document next to the model, else what the graph shows. Throws `ConfigurationError.contract` for
  /// an unknown name and `.singleLogit` where one number per image has no stated meaning.
  init(
    _ flag: ActivationFlag, metadata: [String: String], documents: ModelDocuments, meaning: OutputMeaning, classes: Int,
    path: String
  ) throws {
    if let chosen = OutputActivation(rawValue: flag.rawValue), flag != .auto {
      (activation, reason) = (chosen, "--activation")
      return
    }
    let metadataSource = "model metadata"
    let stated = metadata[OutputActivation.key].map { ($0, metadataSource) } ?? documents.activation
    if let (text, source) = stated, text != ActivationFlag.auto.rawValue {
      guard let chosen = OutputActivation(rawValue: text) else {
        throw ConfigurationError.contract(source: source, key: OutputActivation.key)
      }
      (activation, reason) = (chosen, "\(OutputActivation.key) in \(source)")
      return
    }
    switch meaning {
    case .probabilities(let origin):
      (activation, reason) = (.none, "the graph ends in \(origin)")
    case .logProbabilities(let origin):
      (activation, reason) = (.softmax, "the graph ends in \(origin), whose exponential softmax restores")
    case .values:
      if classes == 1 { throw ConfigurationError.singleLogit(path) }
      (activation, reason) = (.softmax, "the graph ends in values without an activation")
    }
  }
}
