// Entry point of the importer: reads a ModelProto, checks its opset and makes a graph of it.

package import Elements
package import Network

/// An ONNX file, and what it says about itself. `graph` makes what can run.
package struct Model {
  /// The model's metadata properties.
  package let metadata: [String: String]
  package let opset: Int
  private let message: GraphMessage
  private let functions: [FunctionMessage]
  private let files: ModelFiles

  /// - Parameters:
  ///   - bytes: the file; weights are used from it in place.
  ///   - open: opens a file of external data by its path inside the model's folder.
  package init(_ bytes: any ModelBytes, open: @escaping (String) throws -> any ModelBytes) throws(ModelError) {
    let message = try ModelMessage(unsafe WireReader(bytes.bytes))
    guard let graph = message.graph else { throw .noGraph }
    guard let opset = message.opsets.first(where: { isStandard($0.domain) }) else { throw .noOpset }
    guard Model.opsets.contains(opset.version) else { throw .opset(opset.version) }
    for function in message.functions {
      for opset in function.opsets where isStandard(opset.domain) && !Model.opsets.contains(opset.version) {
        throw .opset(opset.version)
      }
    }
    self.message = try GraphMessage(graph)
    metadata = message.metadata
    functions = message.functions
    self.opset = opset.version
    files = ModelFiles(model: bytes, open: open)
  }

  /// What is understood. An operator's importer lists the versions it knows; the newest opsets add element types and
  /// operators, and change the meaning of none that is in the table.
  static let opsets = 7...28

  /// Whether the file leaves the height or the width of images open.
  package var leavesImageSizeOpen: Bool {
    let constants = Set(message.initializers.map(\.name))
    return message.inputs.contains { !constants.contains($0.name) && $0.leavesImageSizeOpen }
  }

  /// The element type of every input, where it is one that can be computed with.
  package var inputTypes: [ElementType?] {
    let constants = Set(message.initializers.map(\.name))
    return message.inputs.filter { !constants.contains($0.name) }
      .map { $0.elementType.flatMap(ElementType.init(onnx:)) }
  }

  /// Resolved: every shape is known, every constant folded. The first dimension of the input is taken as the batch, even where
  /// the file says 1, if every shape in the graph follows it; else the graph is for one image.
  ///
  /// - Parameter imageSize: the height and width of images where the file leaves them open.
  package func graph(imageSize: ImageSize? = nil) throws(ModelError) -> Graph {
    do {
      let batched = try imported(.batched, imageSize).resolved()
      if batched.followsBatch { return batched }
    } catch {
      // A shape that is fixed to one image, or a real error: the next try says which.
    }
    return try imported(.single, imageSize).resolved()
  }

  private func imported(
    _ batch: InputBatch, _ imageSize: ImageSize?
  ) throws(ModelError) -> GraphImport.Result {
    try GraphImport.graph(
      message, functions: functions, opset: opset, files: files, batch: batch, imageSize: imageSize)
  }
}

/// The size of the images that a model is prepared for.
package struct ImageSize: Sendable, Hashable {
  package let height: Int
  package let width: Int

  package init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }
}

func isStandard(_ domain: String) -> Bool { domain.isEmpty || domain == "ai.onnx" }
