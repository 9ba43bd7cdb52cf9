public import Network

/// An ONNX file as a graph, and what it says about itself.
public struct Model {
  /// Resolved: every shape is known, every constant folded.
  public let graph: Graph
  /// The model's metadata properties.
  public let metadata: [String: String]
  public let opset: Int

  /// - Parameters:
  ///   - bytes: the file; weights are used from it in place.
  ///   - open: opens a file of external data by its path inside the model's folder.
  /// A first dimension of 1 is taken as the batch if every shape in the graph follows it, so that a model exported for
  /// one image can be given several.
  public init(_ bytes: any ModelBytes, open: @escaping (String) throws -> any ModelBytes) throws(ModelError) {
    let message = try ModelMessage(unsafe WireReader(bytes.bytes))
    guard let graph = message.graph else { throw .noGraph }
    guard let opset = message.opsets.first(where: { isStandard($0.domain) }) else { throw .noOpset }
    guard (7...21).contains(opset.version) else { throw .opset(opset.version) }
    let files = ModelFiles(model: bytes, open: open)
    let decoded = try GraphMessage(graph)
    metadata = message.metadata
    self.opset = opset.version
    self.graph = try Model.resolved(decoded, opset.version, files)
  }

  private static func resolved(
    _ message: GraphMessage, _ opset: Int, _ files: ModelFiles
  ) throws(ModelError) -> Graph {
    let batched = try GraphImport(opset: opset, files: files).graph(message, onesAreBatches: true)
    do throws(NodeError) {
      let graph = try batched.resolve()
      if graph.followsBatch { return graph }
    } catch {
      // A shape that is fixed to one image, or a real fault: the next try says which.
    }
    let fixed = try GraphImport(opset: opset, files: files).graph(message, onesAreBatches: false)
    do throws(NodeError) { return try fixed.resolve() } catch { throw .node(error) }
  }
}

func isStandard(_ domain: String) -> Bool { domain.isEmpty || domain == "ai.onnx" }
