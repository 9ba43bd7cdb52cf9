// Entry point of the importer: reads a ModelProto, checks its opset and resolves the graph.

package import Network

/// An ONNX file as a graph, and what it says about itself.
package struct Model {
  /// Resolved: every shape is known, every constant folded.
  package let graph: Graph
  /// The model's metadata properties.
  package let metadata: [String: String]
  package let opset: Int

  /// - Parameters:
  ///   - bytes: the file; weights are used from it in place.
  ///   - imageSize: the height and width of images where the file leaves them open.
  ///   - open: opens a file of external data by its path inside the model's folder.
  /// The first dimension of the input is taken as the batch, even where the file says 1, if every shape in the graph
  /// follows it; else the graph is for one image.
  package init(
    _ bytes: any ModelBytes, imageSize: ImageSize? = nil, open: @escaping (String) throws -> any ModelBytes
  ) throws(ModelError) {
    let message = try ModelMessage(unsafe WireReader(bytes.bytes))
    guard let graph = message.graph else { throw .noGraph }
    guard let opset = message.opsets.first(where: { isStandard($0.domain) }) else { throw .noOpset }
    guard Model.opsets.contains(opset.version) else { throw .opset(opset.version) }
    for function in message.functions {
      for opset in function.opsets where isStandard(opset.domain) && !Model.opsets.contains(opset.version) {
        throw .opset(opset.version)
      }
    }
    let files = ModelFiles(model: bytes, imageSize: imageSize, open: open)
    let decoded = try GraphMessage(graph)
    metadata = message.metadata
    self.opset = opset.version
    self.graph = try Model.resolved(decoded, message.functions, opset.version, files)
  }

  /// What is understood. An operator's importer lists the versions it knows; the newest opsets add element types and
  /// operators, and change the meaning of none that is in the table.
  static let opsets = 7...28

  private static func resolved(
    _ message: GraphMessage, _ functions: [FunctionMessage], _ opset: Int, _ files: ModelFiles
  ) throws(ModelError) -> Graph {
    do {
      let batched = try GraphImport.graph(message, functions: functions, opset: opset, files: files, batch: .batched)
      let graph = try batched.resolve()
      if graph.followsBatch { return graph }
    } catch {
      // A shape that is fixed to one image, or a real error: the next try says which.
    }
    let single = try GraphImport.graph(message, functions: functions, opset: opset, files: files, batch: .single)
    do throws(NodeError) { return try single.resolve() } catch { throw .node(error) }
  }
}

/// The size of the images that a model is prepared for.
package struct ImageSize: Sendable, Equatable {
  let height: Int
  let width: Int

  package init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }
}

func isStandard(_ domain: String) -> Bool { domain.isEmpty || domain == "ai.onnx" }
