// onnxrun MODEL THREADS < inputs.tar > outputs.tar: runs any network that the rooms ONNX and Network take, so that tests can
// compare it with a peer's. Inputs and outputs are .npy members in the model's order; outputs are called INDEX.TYPE.npy.

import Elements
import Network
import ONNX
import Streams

final class File: ModelBytes {
  private let file: MappedFile
  init(_ path: String) throws { file = try MappedFile(path: path) }
  var bytes: UnsafeRawBufferPointer { unsafe file.bytes }
  func discard(_ range: Range<Int>) { file.release(range) }
}

struct Fault: ReportableError {
  let status: ExitStatus
  let reason: String
}

func inputs() throws -> [(shape: [Int], floats: [Float])] {
  var reader = TarReader(InputStream())
  var result: [(shape: [Int], floats: [Float])] = []
  while try reader.next() != nil {
    let body = try reader.readBody()
    let (header, offset) = try NpyHeader.parse(body)
    let floats = unsafe body.withUnsafeBytes { bytes in
      (0..<header.shape.reduce(1, *)).map {
        unsafe bytes.loadUnaligned(fromByteOffset: offset + $0 * 4, as: Float.self)
      }
    }
    result.append((header.shape, floats))
  }
  return result
}

runTool("onnxrun") {
  let (path, threads) = (CommandLine.arguments[1], Int(CommandLine.arguments[2]) ?? 1)
  let graph: Graph
  do {
    graph = try Model(
      try File(path),
      open: { name in
        try File(
          path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/" + name)
      }
    ).graph
  } catch let error as ModelError { throw Fault(status: .configuration, reason: "\(error)") }
  let tensors = try inputs()
  let batch = graph.inputs.isEmpty ? 1 : tensors[0].shape.first ?? 1
  let network: Network
  let request: InferenceRequest
  do {
    network = try Network(graph, maxBatch: max(1, batch), threads: threads)
    request = try network.makeRequest()
  } catch { throw Fault(status: .configuration, reason: "\(error)") }
  for (index, tensor) in tensors.enumerated() {
    // The network's own layout, filled as any caller would.
    let port = network.inputs[index]
    let dimensions = tensor.shape
    guard unsafe request.withInput(index, { $0.count }) == tensor.floats.count else {
      throw Fault(status: .data, reason: "input \(index) has \(tensor.floats.count) numbers; the batch is fixed")
    }
    unsafe request.withInput(index) { buffer in
      for position in tensor.floats.indices {
        var target = position
        if port.layout == .channelsLast {
          let (pixels, channels) = (dimensions[2] * dimensions[3], dimensions[1])
          let (image, rest) = position.quotientAndRemainder(dividingBy: channels * pixels)
          target = image * channels * pixels + rest % pixels * channels + rest / pixels
        }
        unsafe buffer[target] = tensor.floats[position]
      }
    }
  }
  request.run(batch: network.maxBatch)
  let output = OutputStream()
  let archive = TarWriter(output)
  for index in graph.outputs.indices {
    var shape = graph.outputShape(index)
    let floats: [Float]
    if let constant = graph.outputConstant(index) {
      floats = constant.type.isFloating ? try constant.floats : try constant.integers.map(Float.init)
    } else {
      // Constants are not outputs of the network.
      let position = (0..<index).count { graph.outputConstant($0) == nil }
      floats = unsafe request.withOutput(position) { unsafe Array($0) }
      if shape.isBatched { shape = try Shape([shape.dimensions[0] * network.maxBatch] + shape.dimensions.dropFirst()) }
    }
    let header = NpyHeader(elementType: .float32, shape: shape.dimensions)
    let body = unsafe floats.withUnsafeBytes { unsafe Array($0) }
    try archive.append(ItemName("\(index).\(graph.outputType(index).rawValue).npy"), header.encoded, body)
  }
  try archive.finish()
  try output.close()
  return .ok
}
