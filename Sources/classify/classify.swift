// classify: pixel tensors in, the most likely classes out, one line an image.

import ArgumentParser
import Glibc
import Streams

@main
struct Classify: ParsableCommand {
  static let name = "classify"

  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "Classifies the tensors that imgdecode makes with a neural network in ONNX.",
    discussion: """
      One .npy on standard input, or a tar of them, gives one JSON object a line, in the order of the input. |u1 (height, \
      width, 3) pixels go through the model's input contract; <f4 (3, height, width) or (n, 3, height, width) is taken as \
      it is. Error records are passed on.

      Exit status: 0 done, 64 called wrongly, 65 bad input, 74 input or output failed, 77 not permitted, 78 no usable \
      model or labels.
      """,
    version: toolVersion)

  @OptionGroup(title: "Model") var model: ModelFlags
  @OptionGroup(title: "Input contract") var contract: ContractFlags
  @OptionGroup(title: "Answers") var answers: AnswerFlags
  @OptionGroup(title: "Running") var running: RunningFlags

  func validate() throws {
    try contract.check()
    try answers.check()
    try running.check()
  }

  func run() { runTool(Self.name) { try work() } }

  private func work() throws -> ExitStatus {
    var statistics = Statistics()
    let output = OutputStream()
    let classifier = try LoadedModel(model, contract, &statistics)
    if running.describe {
      try output.write(describe(classifier))
      try output.close()
      return .ok
    }
    let threads = running.threads ?? ThreadCount.available()
    let network = try classifier.network(maxBatch: running.batch, threads: threads)
    statistics.loaded()
    let labels = try Labels(
      model, metadata: classifier.metadata, sidecar: classifier.sidecar, classes: classifier.classes)
    let profile = running.profile ? Profile(network) : nil
    let lines = AnswerLines(answers, model: classifier.name, labels: labels, output: output)
    let batcher = Batcher(network, classifier, profile: profile, statistics: statistics, deliver: lines.add)

    let input = InputStream()
    input.watchedOutput = STDOUT_FILENO
    // Whoever waits for the next item gets all that is done first.
    input.beforeBlocking = {
      try batcher.drain()
      try output.flush()
    }
    var failed = 0
    switch try InputKind.sniff(input) {
    case .npy: try classifyAlone(input, batcher, lines)
    case .tar: failed = try classifyArchive(input, batcher, lines)
    case .empty: throw InputError.empty
    case .jpeg: throw InputError.jpeg
    case .other(let description): throw InputError.notTensors(description)
    }
    try output.close()
    if running.stats { batcher.statistics.report(failed: failed) }
    profile?.report(threads: threads)
    return running.strict && failed > 0 ? .data : .ok
  }

  /// The one tensor that is the whole of standard input.
  private func classifyAlone(_ input: InputStream, _ batcher: Batcher, _ lines: AnswerLines) throws {
    let limit = InputTensor.maximumBytes
    let bytes = try input.read(limit + 1)
    guard bytes.count <= limit else { throw InputError.tooLarge(limit: limit) }
    lines.refusesFailures = true
    try batcher.submit(.standardInput, try InputTensor(bytes))
    try batcher.drain()
    try lines.finish()
  }

  /// All members, in order; returns how many failed. What came whole before the input broke is answered first.
  private func classifyArchive(_ input: InputStream, _ batcher: Batcher, _ lines: AnswerLines) throws -> Int {
    var items = TensorItems(input)
    do {
      while let item = try items.next() {
        switch item {
        case .tensor(let name, let tensor):
          do { try batcher.submit(name, tensor) } catch let error as InputError {
            try batcher.drain()
            try lines.add(error.record(for: name))
          }
        case .failed(let record):
          try batcher.drain()
          try lines.add(record)
        }
      }
    } catch {
      try batcher.drain()
      try lines.flush()
      throw error
    }
    try batcher.drain()
    try lines.finish()
    return lines.failed
  }
}
