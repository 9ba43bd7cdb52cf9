// onnxrun MODEL THREADS < inputs.tar > outputs.tar: runs any network that the modules ONNX and Network take, so that tests can
// compare it with a peer's. Inputs are .npy members called INPUT.npy, or by any other name in the model's order; outputs are
// called INDEX.TYPE.npy. A model for one image runs once for each, as `classify` does.
//
// onnxrun --list THREADS < paths > outputs.tar: the same for one model a line, whose inputs are the file of that name followed
// by .tar. Outputs are called LINE/INDEX.TYPE.npy, a refusal LINE/refused.txt; each model's are flushed.

import Elements
import Glibc
import Kernels
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

/// float32 numbers in C order, for every type of input and output.
struct TestTensor {
  var shape: [Int]
  var floats: [Float]
  var type = ElementType.float32
  /// The input's name, of an input.
  var name = ""

  init(name: String = "", shape: [Int], floats: [Float], type: ElementType) {
    (self.name, self.shape, self.floats, self.type) = (name, shape, floats, type)
  }

  init(_ name: String, _ body: [UInt8]) throws {
    self.name = name
    let (header, offset) = try NpyHeader.parse(body)
    shape = header.shape
    floats = unsafe body.withUnsafeBytes { bytes in
      (0..<header.shape.reduce(1, *)).map {
        unsafe bytes.loadUnaligned(fromByteOffset: offset + $0 * 4, as: Float.self)
      }
    }
  }

  /// Image `index` of several.
  func image(_ index: Int) -> TestTensor {
    guard let images = shape.first, images > index else { return self }
    let size = floats.count / images
    return TestTensor(
      name: name, shape: [1] + shape.dropFirst(), floats: Array(floats[index * size..<(index + 1) * size]), type: type)
  }
}

func tensors(_ input: InputStream) throws -> [TestTensor] {
  var reader = TarReader(input)
  var result: [TestTensor] = []
  while let entry = try reader.next() {
    let name = (entry.name.removing(".npy") ?? entry.name).text
    result.append(try TestTensor(name, try reader.readBody()))
  }
  return result
}

/// The tensor for input `index`.
func tensor(_ inputs: [TestTensor], for port: Network.Port, at index: Int) throws -> TestTensor {
  if let named = inputs.first(where: { $0.name == port.name }) { return named }
  guard index < inputs.count else { throw Fault(status: .data, reason: "too few inputs") }
  return inputs[index]
}

func loaded(_ path: String) throws -> Graph {
  let folder =
    path.contains("/")
    ? path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") : "."
  do { return try Model(try File(path), open: { try File(folder + "/" + $0) }).graph() } catch let error as ModelError {
    throw Fault(status: .configuration, reason: "\(error)")
  }
}

func outputs(of path: String, _ inputs: [TestTensor], threads: Int) throws -> [TestTensor] {
  let graph = try loaded(path)
  let images = inputs.first?.shape.first ?? 1
  let isBatched = graph.inputs.indices.contains { graph.inputShape($0).isBatched }
  if isBatched || images <= 1 || graph.inputs.isEmpty {
    return try run(graph, inputs, batch: isBatched ? max(1, images) : 1, threads)
  }
  // One image at a time, if that is what the model is for.
  let single = inputs.map { $0.image(0) }
  guard graph.inputShape(0).count == single[0].floats.count else { return try run(graph, inputs, batch: 1, threads) }
  var results = try run(graph, single, batch: 1, threads)
  for image in 1..<images {
    for (index, more) in try run(graph, inputs.map { $0.image(image) }, batch: 1, threads).enumerated() {
      results[index].floats += more.floats
      if !results[index].shape.isEmpty { results[index].shape[0] += more.shape[0] }
    }
  }
  return results
}

/// `CLASSIFY_PRECISION`, as `classify` takes it.
func precision() throws -> Precision {
  let name = unsafe getenv("CLASSIFY_PRECISION").map { unsafe String(cString: $0) } ?? Precision.float32.rawValue
  guard let precision = Precision(rawValue: name) else { throw Fault(status: .configuration, reason: name) }
  return precision
}

func run(_ graph: Graph, _ inputs: [TestTensor], batch: Int, _ threads: Int) throws -> [TestTensor] {
  let network: Network
  let request: InferenceRequest
  do {
    network = try Network(graph, maxBatch: batch, threads: threads, precision: try precision())
    request = try network.makeRequest()
  } catch { throw Fault(status: .configuration, reason: "\(error)") }
  for (index, port) in network.inputs.enumerated() {
    let tensor = try tensor(inputs, for: port, at: index)
    let count = unsafe request.withInputBytes(index) { $0.count / port.element.byteCount }
    guard count == tensor.floats.count else {
      throw Fault(status: .data, reason: "input \(index) has \(tensor.floats.count) numbers; the batch is fixed")
    }
    unsafe request.withInputBytes(index) { buffer in unsafe fill(buffer, tensor, port) }
  }
  request.run(batch: batch)
  return try graph.outputs.indices.map { try output($0, graph, network, request, batch) }
}

/// In the network's own layout and type, as any caller would.
func fill(_ buffer: UnsafeMutableRawBufferPointer, _ tensor: TestTensor, _ port: Network.Port) {
  for position in tensor.floats.indices {
    var target = position
    if port.layout == .channelsLast {
      let (pixels, channels) = (tensor.shape[2] * tensor.shape[3], tensor.shape[1])
      let (image, rest) = position.quotientAndRemainder(dividingBy: channels * pixels)
      target = image * channels * pixels + rest % pixels * channels + rest / pixels
    }
    let value = tensor.floats[position]
    let bytes: [UInt8]
    if let range = port.element.integerRange {
      let integer = Int(exactly: value.rounded(.towardZero)) ?? 0
      bytes = port.element.bytes(of: min(max(integer, range.lowerBound), range.upperBound))
    } else {
      bytes = port.element.bytes(of: value)
    }
    for (offset, byte) in bytes.enumerated() { unsafe buffer[target * bytes.count + offset] = byte }
  }
}

func output(
  _ index: Int, _ graph: Graph, _ network: Network, _ request: InferenceRequest, _ batch: Int
) throws -> TestTensor {
  let (shape, type) = (graph.outputShape(index), graph.outputType(index))
  if let constant = graph.outputConstant(index) {
    let floats = constant.type.isFloating ? try constant.floats : try constant.integers.map(Float.init)
    return TestTensor(shape: shape.dimensions, floats: floats, type: type)
  }
  // Constants are not outputs of the network.
  let position = (0..<index).count { graph.outputConstant($0) == nil }
  let element = network.outputs[position].element
  let floats: [Float] = unsafe request.withOutputBytes(position) { bytes in
    (0..<bytes.count / element.byteCount).map { index in
      unsafe element == .float32
        ? element.float(at: index, of: bytes.baseAddress!) : Float(element.integer(at: index, of: bytes.baseAddress!))
    }
  }
  let dimensions = shape.isBatched ? [shape.dimensions[0] * batch] + shape.dimensions.dropFirst() : shape.dimensions
  return TestTensor(shape: dimensions, floats: floats, type: type)
}

func append(_ results: [TestTensor], to archive: TarWriter, prefix: String) throws {
  for (index, tensor) in results.enumerated() {
    let body = unsafe tensor.floats.withUnsafeBytes { unsafe Array($0) }
    let header = NpyHeader(elementType: .float32, shape: tensor.shape).encoded
    try archive.append(ItemName("\(prefix)\(index).\(tensor.type.rawValue).npy"), header, body)
  }
}

runTool("onnxrun") {
  let arguments = CommandLine.arguments
  guard arguments.count == 3, let threads = Int(arguments[2]), threads > 0 else {
    throw Fault(status: .usage, reason: "usage: onnxrun MODEL THREADS < inputs.tar, or onnxrun --list THREADS < paths")
  }
  let path = arguments[1]
  let output = OutputStream()
  let archive = TarWriter(output)
  if path == "--list" {
    var line = 0
    while let path = readLine() {
      do {
        let inputs = try tensors(InputStream(descriptor: open(path + ".tar", O_RDONLY)))
        try append(outputs(of: path, inputs, threads: threads), to: archive, prefix: "\(line)/")
      } catch {
        try archive.append(ItemName("\(line)/refused.txt"), Array("\(error)".utf8))
      }
      try output.flush()
      line += 1
    }
  } else {
    try append(outputs(of: path, try tensors(InputStream()), threads: threads), to: archive, prefix: "")
  }
  try archive.finish()
  try output.close()
  return .ok
}
