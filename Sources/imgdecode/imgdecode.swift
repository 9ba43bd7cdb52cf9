// imgdecode: JPEG files to pixel tensors, one after the other, in a pipe.

import ArgumentParser
import Glibc
import POSIX
import Streams

@main
struct Imgdecode: ParsableCommand {
  static let name = "imgdecode"

  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "Decodes JPEG images into .npy tensors as ImageNet models are evaluated with.",
    discussion: """
      One JPEG on standard input gives one .npy. A tar on standard input, file arguments and --files-from give a tar of \
      NAME.npy, in the order of the input; an image that fails is NAME.error.json in it.

      Exit status: 0 done, 64 called wrongly, 65 bad input, 74 input or output failed, 77 not permitted.
      """,
    version: toolVersion)

  @OptionGroup(title: "Geometry") var geometry: GeometryFlags
  @OptionGroup(title: "Tensor") var tensor: TensorFlags
  @OptionGroup(title: "Decoding") var decoding: DecodingFlags
  @OptionGroup(title: "Input") var input: InputFlags

  @Flag(help: "Leave with the first failed item's status after the whole stream, instead of 0.")
  var strict = false

  @Option(help: "Decode this many images at once; else as many as the process may use.")
  var threads: Int?

  func validate() throws {
    if let threads, !(1...256).contains(threads) { throw ValidationError("--threads is from 1 to 256.") }
    _ = try options()
  }

  func run() {
    runTool(Self.name) {
      do {
        return try work()
      } catch let error as DecodeError {
        // Of the failures of images only that of a lone one ends the tool.
        report(tool: Self.name, object: "standard input", reason: error.reason)
        return error.status
      }
    }
  }

  private func options() throws -> ImageOptions {
    let resize = geometry.chosenResize
    if resize == .none, decoding.fast { throw ValidationError("--fast needs a target: not with --no-resize.") }
    return ImageOptions(
      geometry: Geometry(resize: resize, crop: geometry.chosenCrop), filter: geometry.filter ?? .bilinear,
      format: try tensor.format(), jpeg: decoding.options(), fast: decoding.fast,
      ignoresOrientation: decoding.ignoreOrientation)
  }

  private func work() throws -> ExitStatus {
    let options = try options()
    let output = OutputStream()
    let answers = Answers(output)
    let conveyor = try Conveyor(options, threads: threads ?? ThreadCount.available(), deliver: answers.add)
    // Whoever waits for the next item gets all that is done first.
    func stream(_ descriptor: CInt, _ name: String, _ capacity: Int = 256 << 10) -> InputStream {
      let stream = InputStream(descriptor: descriptor, name: name, capacity: capacity)
      stream.watchedOutput = STDOUT_FILENO
      stream.beforeBlocking = {
        try conveyor.drain()
        try answers.flush()
      }
      return stream
    }
    let standardInput = stream(STDIN_FILENO, "standard input")
    let items: any ItemSource
    if let list = try input.paths(standardInput, open: { stream($0, $1) }) {
      items = FileItems(maximumBytes: decoding.maxBytes, open: stream, nextPath: list)
    } else {
      switch try InputKind.sniff(standardInput) {
      case .tar: items = TarItems(standardInput, maximumBytes: decoding.maxBytes)
      case .jpeg: return try decodeAlone(standardInput, options, answers, output)
      case .empty: throw DecodeError.empty
      case .npy, .other: throw DecodeError.notJPEG(first: try standardInput.peek(512))
      }
    }
    try passThrough(items, conveyor, answers)
    try output.close()
    return strict ? answers.firstFailure ?? .ok : .ok
  }

  /// All items, in order. What came whole before the input broke is delivered before the error is.
  private func passThrough(_ items: any ItemSource, _ conveyor: Conveyor, _ answers: Answers) throws {
    var items = items
    do {
      while let item = try items.next() {
        switch item {
        case .image(let name, let bytes): try conveyor.submit(name, bytes)
        case .failed(let name, let error):
          try conveyor.drain()
          try answers.add(name, error)
        case .record(let record):
          try conveyor.drain()
          try answers.add(record)
        }
      }
    } catch {
      try conveyor.drain()
      try answers.flush()
      throw error
    }
    try conveyor.drain()
    try answers.finish()
  }

  /// The one JPEG that is the whole of standard input.
  private func decodeAlone(
    _ input: InputStream, _ options: ImageOptions, _ answers: Answers, _ output: OutputStream
  ) throws -> ExitStatus {
    let bytes = try input.read(decoding.maxBytes + 1)
    guard bytes.count <= decoding.maxBytes else { throw DecodeError.tooManyBytes(limit: decoding.maxBytes) }
    try answers.writeAlone(try ImageDecoder(options).decode(bytes))
    try output.close()
    return .ok
  }
}
