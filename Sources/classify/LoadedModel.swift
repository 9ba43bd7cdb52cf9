// The model that was asked for, and everything that is stated about it.

import Elements
import Glibc
import Kernels
import Network
import ONNX
import Streams

/// A classifier of images: one input (n, channels, height, width), and one row of numbers per image in the output that was
/// chosen.
struct LoadedModel {
  /// The file's name without its suffix.
  let name: String
  /// With the chosen output alone.
  let graph: Graph
  let opset: Int
  let preprocessing: StatedPreprocessing
  let labels: Labels
  let activation: ChosenActivation
  /// Of one image.
  let channels: Int
  let height: Int
  let width: Int
  let classes: Int

  init(_ flags: ModelFlags, _ contractFlags: ContractFlags, _ statistics: inout Statistics) throws {
    guard let path = flags.model ?? environment("CLASSIFY_MODEL") else { throw ConfigurationError.none }
    let model = try Self.read(path, flags.inputSize, &statistics)
    name = Self.baseName(path)
    opset = model.opset
    let documents = try ModelDocuments(besides: path)
    labels = try Labels(flags, metadata: model.metadata, documents: documents)

    var graph = model.graph
    guard graph.inputs.count == 1 else {
      throw ConfigurationError.notClassifier(path, "it has \(graph.inputs.count) inputs")
    }
    guard graph.inputShape(0).rank == 4, graph.inputType(0) != .bool else {
      throw ConfigurationError.notClassifier(path, "its input is \(graph.inputType(0).rawValue) \(graph.inputShape(0))")
    }
    let declared = graph.takePictures()
    let input = graph.inputShape(0)
    // A model that takes integers takes pixels, unless something else is stated.
    let pixels = declared.element.isFloating ? nil : Preprocessing(mean: [0], std: [1], scale: 1)
    preprocessing = try Self.preprocessing(contractFlags, model.metadata, documents, path: path, or: pixels)
    guard input.dimensions[0] == 1 else {
      throw ConfigurationError.notClassifier(
        path, "its batch is fixed to \(input.dimensions[0]): export it with a batch of 1")
    }
    (channels, height, width) = (input.dimensions[1], input.dimensions[2], input.dimensions[3])
    let output = try OutputChoice(graph, path: path).index(named: flags.output, labels: labels.count)
    graph.keepOutput(output)
    classes = graph.outputShape(0).count
    try labels.check(classes: classes)
    activation = try ChosenActivation(
      flags.activation, metadata: model.metadata, documents: documents, meaning: graph.meaning(ofOutput: 0),
      classes: classes, path: path)
    self.graph = graph
  }

  private static func read(_ path: String, _ size: InputSize?, _ statistics: inout Statistics) throws -> Model {
    do {
      let file = try ModelFile(path: path)
      statistics.mark(.map)
      let model = try Model(
        file, imageSize: size.map { ImageSize(height: $0.height, width: $0.width) },
        open: ModelFile.opener(besides: path))
      statistics.mark(.read)
      return model
    } catch let error as SystemError {
      throw ConfigurationError.unreadable(error)
    } catch let error as ModelError {
      throw ConfigurationError.unusable(path, "\(error)")
    }
  }

  private static func preprocessing(
    _ flags: ContractFlags, _ metadata: [String: String], _ documents: ModelDocuments, path: String,
    or standard: Preprocessing?
  ) throws -> StatedPreprocessing {
    var sources = [("flags", flags.stated), ("model metadata", try Preprocessing(metadata: metadata, from: path))]
    if let ultralytics = try Preprocessing(ultralytics: metadata, path: path) {
      sources.append(("Ultralytics metadata", ultralytics))
    }
    sources += try documents.preprocessing()
    if let standard { sources.append(("the input's element type", standard)) }
    return try StatedPreprocessing(sources)
  }

  /// One line on standard error, once, where pixels are prepared as ImageNet's because nothing states otherwise.
  func reportAssumption() {
    guard preprocessing.assumesImageNet else { return }
    _ = Self.assumptionReport
  }

  private static let assumptionReport: Void = report(
    tool: Classify.name,
    reason:
      "nothing states the model's preprocessing: assuming ImageNet's mean and deviation (change: --preprocessing, --mean)"
  )

  /// Ready to run, one image at a time in each request.
  func network(threads: Int, precision: Precision) throws -> Network {
    do { return try Network(graph, maxBatch: 1, threads: threads, precision: precision) } catch {
      throw ConfigurationError.unusable(name, "\(error)")
    }
  }

  /// What of a quantized model runs in integers; nil for other models.
  func quantizedExecution() throws -> QuantizedExecution? {
    do { return try graph.quantizedExecution() } catch { throw ConfigurationError.unusable(name, "\(error)") }
  }

  private static func baseName(_ path: String) -> String {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    return file.hasSuffix(".onnx") ? String(file.dropLast(5)) : file
  }
}

/// A variable that is set and not empty.
func environment(_ name: String) -> String? {
  guard let value = unsafe getenv(name) else { return nil }
  let text = unsafe String(cString: value)
  return text.isEmpty ? nil : text
}
