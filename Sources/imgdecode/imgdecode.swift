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
    abstract: "Decodes JPEG images into .npy tensors, by default with the standard ImageNet preprocessing.",
    discussion: """
      imgdecode < cat.jpg > cat.npy              one image
      tar c photos | imgdecode | classify        many images, classified
      find . -name '*.jpg' -print0 | imgdecode -0 --files-from - > tensors.tar

      One JPEG on standard input gives one .npy. A tar on standard input, file arguments and --files-from give a tar of \
      NAME.npy, in the order of the input; an image that fails is NAME.error.json in it. Members of a tar whose names \
      end in \(ArchiveItems.sidecars.joined(separator: " ")) or begin with ._ are skipped.

      Exit status: 0 done, 64 usage error, 65 bad input, 74 input, output or memory failed, 77 not permitted. A file \
      argument that cannot be read sets the status; the others are decoded all the same.
      """,
    version: toolVersion)

  @OptionGroup(title: "Geometry") var geometry: GeometryFlags
  @OptionGroup(title: "Tensor") var tensor: TensorFlags
  @OptionGroup(title: "Decoding") var decoding: DecodingFlags
  @OptionGroup(title: "Input") var input: InputFlags

  @Flag(help: "Exit with the first failed item's status after the whole stream, instead of 0.")
  var strict = false

  @Option(help: "Images to decode at once (default: the processors available).")
  var threads: Int?

  func validate() throws {
    if let threads, !(1...256).contains(threads) { throw ValidationError("--threads is from 1 to 256.") }
    _ = try options()
  }

  /// The flags with one dash, and those that are followed by a value.
  static let shortFlags: Set = ["-0", "-h"]
  static let valuedFlags: Set = [
    "--resize", "--size", "--crop", "--filter", "--dtype", "--layout", "--scale", "--mean", "--std", "--max-pixels",
    "--max-bytes", "--max-work", "--max-memory", "--files-from", "--threads",
  ]

  static func main() {
    do {
      let line = try commandLine(CommandLineArguments.ofThisProcess)
      var command = try parseAsRoot(line.flags)
      guard let tool = command as? Imgdecode else { return try command.run() }
      guard line.paths.isEmpty || tool.input.filesFrom == nil else {
        throw ValidationError("File arguments exclude --files-from.")
      }
      if line.paths.isEmpty, tool.input.filesFrom == nil, isatty(STDIN_FILENO) == 1 {
        throw ValidationError("Nothing to decode: name files, or give a JPEG or a tar on standard input.")
      }
      tool.run(line.paths)
    } catch {
      exit(withError: error)
    }
  }

  static func commandLine(_ arguments: [[UInt8]]) throws -> CommandLineArguments {
    try mapError {
      ValidationError("Unknown option '\(printable($0.argument))'; a file of this name is ./\(printable($0.argument)).")
    } of: { () throws(CommandLineArguments.UnknownFlag) in
      // The parser's own flag, which no help lists, takes a value too.
      try CommandLineArguments(
        arguments, valued: valuedFlags.union(["--generate-completion-script"]), short: shortFlags)
    }
  }

  private func run(_ paths: [[UInt8]]) -> Never {
    runTool(Self.name) {
      do {
        return try work(paths)
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

  private func work(_ arguments: [[UInt8]]) throws -> ExitStatus {
    try refuseTerminal()
    let options = try options()
    let output = OutputStream()
    let results = ResultWriter(output, progress: ProgressLine())
    let decoder = try OrderedDecoder(options, threads: threads ?? ThreadCount.available(), deliver: results.add)
    // Finished items are flushed before a read that would block.
    func stream(_ descriptor: CInt, _ name: String, _ capacity: Int = 256 << 10) -> InputStream {
      let stream = InputStream(descriptor: descriptor, name: name, capacity: capacity)
      stream.watchedOutput = STDOUT_FILENO
      stream.beforeBlocking = {
        try decoder.drain()
        try results.flush()
      }
      return stream
    }
    let standardInput = stream(STDIN_FILENO, "standard input")
    let items: any ItemSource
    if let paths = try input.paths(arguments, standardInput, open: { stream($0, $1) }) {
      items = FileItems(paths, standardInput: standardInput, maximumBytes: decoding.maxBytes, open: stream)
    } else {
      switch try InputKind.sniff(standardInput) {
      case .tar: items = TarItems(standardInput, maximumBytes: decoding.maxBytes)
      case .jpeg: return try decodeAlone(standardInput, options, results, output)
      case .empty: throw DecodeError.empty
      case .npy, .other: throw DecodeError.notJPEG(first: try standardInput.peek(512))
      }
    }
    try passThrough(items, decoder, results)
    try output.close()
    return (strict ? results.firstFailure : results.firstUnreadableArgument) ?? .ok
  }

  /// All items, in order. What came whole before the input broke is delivered before the error is.
  private func passThrough(_ items: any ItemSource, _ decoder: OrderedDecoder, _ results: ResultWriter) throws {
    var items = items
    do {
      while let item = try items.next() {
        if case .image(let name, let bytes) = item {
          try decoder.submit(name, bytes)
          continue
        }
        try decoder.drain()
        switch item {
        case .image: break
        case .failed(let name, let error): try results.add(name, error)
        case .unreadableArgument(let name, let error): try results.add(name, error, isArgument: true)
        case .record(let record): try results.add(record)
        }
      }
    } catch {
      try decoder.drain()
      try results.flush()
      throw error
    }
    try decoder.drain()
    try results.finish()
  }

  /// The one JPEG that is the whole of standard input.
  private func decodeAlone(
    _ input: InputStream, _ options: ImageOptions, _ results: ResultWriter, _ output: OutputStream
  ) throws -> ExitStatus {
    let bytes = try input.read(decoding.maxBytes + 1)
    guard bytes.count <= decoding.maxBytes else { throw DecodeError.tooManyBytes(limit: decoding.maxBytes) }
    try results.writeAlone(try ImageDecoder(options).decode(bytes))
    try output.close()
    return .ok
  }
}
