// classify: pixel tensors in, the most likely classes out, one line an image.

import ArgumentParser
import Glibc
import POSIX
import Streams

@main
struct Classify: ParsableCommand {
  static let name = "classify"

  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "Classifies the tensors that imgdecode makes with a neural network in ONNX.",
    discussion: """
      imgdecode < cat.jpg | classify --model model.onnx    one image
      tar c photos | imgdecode | classify --format csv     many images, as a table

      One .npy on standard input, or a tar of them, gives one JSON object per line, in the order of the input. |u1 (height, \
      width, 3 or 1) pixels go through the model's input contract; <f4 (channels, height, width) or (n, channels, height, \
      width) is taken as it is. Error records are passed on.

      Convolutions and products with weights run in float32. --precision bf16 lets them multiply in bfloat16, with sums in \
      float32, where the processor has AVX512_BF16 or Arm's FEAT_BF16; elsewhere the model runs in float32, and one line \
      on standard error says so.

      CLASSIFY_ISA restricts the instructions used: portable, avx2 or avx512 (on Arm portable or neon), then features \
      to leave out, as in avx512,-vnni.

      Exit status: 0 done, 64 usage error, 65 bad input, 74 input or output failed, 77 not permitted, 78 no usable \
      model or labels, or an invalid environment.
      """,
    version: toolVersion)

  @OptionGroup(title: "Model") var model: ModelFlags
  @OptionGroup(title: "Input contract") var contract: ContractFlags
  @OptionGroup(title: "Output") var answers: OutputFlags
  @OptionGroup(title: "Running") var running: RunningFlags

  func validate() throws {
    try contract.check()
    try answers.check()
    try running.check()
  }

  func run() { runTool(Self.name) { try work() } }

  private func work() throws -> ExitStatus {
    try checkInstructionSet()
    var statistics = Statistics()
    let output = OutputStream()
    let precision = try ChosenPrecision(running.precision?.precision)
    precision.reportFallback()
    let file = try ModelOnDisk(model, contract, &statistics)
    if running.describe {
      try output.write(try describe(try file.loaded(), precision))
      try output.close()
      return .ok
    }
    if running.printImgdecodeFlags {
      try output.write(Array((try file.loaded().imgdecodeFlags.joined(separator: " ") + "\n").utf8))
      try output.close()
      return .ok
    }
    let threads = running.threads ?? ThreadCount.available()
    let limit = running.profile ? 1 : running.batch ?? 2 * threads
    let workers = min(threads, limit)
    let models = try CompiledSizes(
      file, CompileOptions(threads: threads, workers: workers, precision: precision.used, timesSteps: running.profile),
      &statistics)
    let results = ResultWriter(answers, model: file.name, labels: file.labels, output: output)
    let profile = running.profile ? models.network.map(Profile.init) : nil
    let classifier = try OrderedClassifier(
      models, workers: workers, limit: limit, profile: profile, statistics: statistics, results: results)
    defer { classifier.stop() }

    let failed = try classifyInput(classifier, results)
    try output.close()
    if running.stats { classifier.statistics.report(failed: failed, precision: precision) }
    profile?.report(threads: threads)
    return running.strict && failed > 0 ? .data : .ok
  }

  /// Everything on standard input; returns how many images failed.
  private func classifyInput(_ classifier: OrderedClassifier, _ results: ResultWriter) throws -> Int {
    let input = InputStream()
    input.watchedOutput = STDOUT_FILENO
    input.notification = classifier.notification
    // Nothing that is finished waits for input: called before a read that would block and after every image that finishes meanwhile.
    input.beforeBlocking = {
      try classifier.deliverFinished()
      try results.flush()
    }
    var failed = 0
    switch try InputKind.sniff(input) {
    case .npy: try classifyAlone(input, classifier, results)
    case .tar: failed = try classifyArchive(input, classifier, results)
    case .empty: throw InputError.empty
    case .jpeg: throw InputError.jpeg
    case .other(let description): throw InputError.notTensors(description)
    }
    return failed
  }

  /// The one tensor that is the whole of standard input.
  private func classifyAlone(_ input: InputStream, _ classifier: OrderedClassifier, _ results: ResultWriter) throws {
    let limit = InputTensor.maximumBytes
    let bytes = try input.read(limit + 1)
    guard bytes.count <= limit else { throw InputError.tooLarge(limit: limit) }
    results.refusesFailures = true
    try classifier.submit(.standardInput, try InputTensor(bytes))
    try classifier.drain()
    try results.finish()
  }

  /// All members, in order; returns how many failed. What arrived whole before the input broke is classified first.
  private func classifyArchive(
    _ input: InputStream, _ classifier: OrderedClassifier, _ results: ResultWriter
  ) throws -> Int {
    var items = TensorItems(input)
    do {
      while let item = try items.next() {
        switch item {
        case .tensor(let name, let tensor):
          do { try classifier.submit(name, tensor) } catch let error as InputError {
            try classifier.submit(error.record(for: name))
          }
        case .failed(let record): try classifier.submit(record)
        }
      }
    } catch {
      try classifier.drain()
      try results.flush()
      throw error
    }
    try classifier.drain()
    try results.finish()
    return results.failed
  }
}
