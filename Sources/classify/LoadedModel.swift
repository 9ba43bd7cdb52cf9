import Elements
import Glibc
import Network
import ONNX
import Streams

/// The model that was asked for, known to be a classifier of images: one input (n, channels, height, width), one row of
/// numbers per image out.
struct LoadedModel {
  /// The file's name without its suffix.
  let name: String
  let metadata: [String: String]
  let sidecar: Sidecar?
  let contract: InputContract
  let graph: Graph
  let opset: Int
  /// Of one image.
  let channels: Int
  let height: Int
  let width: Int
  let classes: Int
  /// Whether the graph's numbers are probabilities already.
  let endsInSoftmax: Bool

  init(_ flags: ModelFlags, _ contractFlags: ContractFlags, _ statistics: inout Statistics) throws {
    guard let path = flags.model ?? environment("CLASSIFY_MODEL") else { throw ConfigurationError.none }
    let model: Model
    do {
      let file = try ModelFile(path: path)
      statistics.mark(.map)
      model = try Model(file, open: ModelFile.opener(besides: path))
    } catch let error as SystemError {
      throw ConfigurationError.unreadable(error)
    } catch let error as ModelError {
      throw ConfigurationError.unusable(path, "\(error)")
    }
    statistics.mark(.read)
    name = Self.baseName(path)
    metadata = model.metadata
    opset = model.opset
    graph = model.graph
    sidecar = try Sidecar(besides: path)
    contract = try InputContract(contractFlags, metadata: metadata, sidecar: sidecar)
    guard graph.inputs.count == 1, graph.outputs.count >= 1 else {
      throw ConfigurationError.notClassifier(
        path, "it has \(graph.inputs.count) inputs and \(graph.outputs.count) outputs")
    }
    let (input, output) = (graph.inputShape(0), graph.outputShape(0))
    guard input.rank == 4, input.dimensions[0] == 1, graph.inputType(0).isFloating else {
      throw ConfigurationError.notClassifier(path, "its input is \(graph.inputType(0).rawValue) \(input)")
    }
    guard graph.outputConstant(0) == nil, output.dimensions.filter({ $0 != 1 }).count <= 1, output.count > 0 else {
      throw ConfigurationError.notClassifier(path, "its output is \(output)")
    }
    (channels, height, width) = (input.dimensions[1], input.dimensions[2], input.dimensions[3])
    classes = output.count
    endsInSoftmax = graph.endsInSoftmax
  }

  /// Ready to run, one image at a time in each request.
  func network(threads: Int) throws -> Network {
    do { return try Network(graph, maxBatch: 1, threads: threads) } catch {
      throw ConfigurationError.unusable(name, "\(error)")
    }
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
