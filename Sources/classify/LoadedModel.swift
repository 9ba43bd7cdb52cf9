// The model for images of one size.

import Elements
import Network
import ONNX

/// A classifier of images: one input (n, channels, height, width), and one row of numbers per image in the output that was
/// chosen.
struct LoadedModel {
  /// The file's name without its suffix.
  let name: String
  /// With the chosen output alone.
  let graph: Graph
  let opset: Int
  /// Whether the size of images is described here for a model that takes each tensor's own.
  let isSizeOpen: Bool
  let preprocessing: StatedPreprocessing
  let labels: Labels
  let activation: ChosenActivation
  /// Of one image.
  let channels: Int
  let height: Int
  let width: Int
  let classes: Int

  /// Throws `ConfigurationError` where `resolved` is not an image classifier, or its labels or activation do not fit.
  init(_ file: ModelOnDisk, _ resolved: Graph) throws {
    var graph = resolved
    let path = file.path
    name = file.name
    opset = file.model.opset
    isSizeOpen = file.takesOwnSizes
    (preprocessing, labels) = (file.preprocessing, file.labels)
    guard graph.inputs.count == 1 else {
      throw ConfigurationError.notClassifier(path, "it has \(graph.inputs.count) inputs")
    }
    guard graph.inputShape(0).rank == 4, graph.inputType(0) != .bool else {
      throw ConfigurationError.notClassifier(path, "its input is \(graph.inputType(0).rawValue) \(graph.inputShape(0))")
    }
    graph.takePictures()
    let input = graph.inputShape(0)
    guard input.dimensions[0] == 1 else {
      throw ConfigurationError.notClassifier(
        path, "its batch is fixed to \(input.dimensions[0]): export it with a batch of 1")
    }
    (channels, height, width) = (input.dimensions[1], input.dimensions[2], input.dimensions[3])
    let output = try OutputChoice(graph, path: path).index(named: file.flags.output, labels: labels.count)
    graph.keepOutput(output)
    classes = graph.outputShape(0).count
    try labels.check(classes: classes)
    activation = try ChosenActivation(
      file.flags.activation, metadata: file.model.metadata, documents: file.documents,
      meaning: graph.meaning(ofOutput: 0), classes: classes, path: path)
    self.graph = graph
  }

  /// Whether `tensor` holds images of this model.
  func fits(_ tensor: InputTensor) -> Bool {
    tensor.channels == channels && tensor.height == height && tensor.width == width
  }

  /// What of a quantized model runs in integers; nil for other models.
  func quantizedExecution() throws -> QuantizedExecution? {
    do { return try graph.quantizedExecution() } catch { throw ConfigurationError.unusable(name, "\(error)") }
  }
}
