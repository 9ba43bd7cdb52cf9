// The flags by theme, and which of them contradict each other.

import ArgumentParser
import Glibc
import POSIX
import Streams

/// Options for resizing and cropping.
struct GeometryFlags: ParsableArguments {
  @Option(help: ArgumentHelp("Resize the shorter side to N, keeping the aspect ratio (default: 256).", valueName: "n"))
  var resize: Int?

  @Option(help: ArgumentHelp("Resize to exactly W × H, ignoring the aspect ratio; not cropped.", valueName: "WxH"))
  var size: SizeArgument?

  @Flag(help: "Keep the size; not cropped.")
  var noResize = false

  @Option(
    help: ArgumentHelp("Crop the central N × N, padding smaller images with black (default: 224).", valueName: "n"))
  var crop: Int?

  @Flag(help: "Keep the whole resized image.")
  var noCrop = false

  @Option(help: "The resampling filter (default: bilinear).")
  var filter: ResampleFilter?

  /// Larger sides are rejected: they would overflow later computations.
  static let sides = 1...65535

  func validate() throws {
    guard [resize != nil, size != nil, noResize].count(where: { $0 }) <= 1 else {
      throw ValidationError("--resize, --size and --no-resize cannot be combined.")
    }
    guard crop == nil || !noCrop else { throw ValidationError("--crop and --no-crop cannot be combined.") }
    guard filter == nil || !noResize else { throw ValidationError("--filter needs a resize: not with --no-resize.") }
    for (flag, value) in [("--resize", resize), ("--crop", crop)] {
      if let value, !Self.sides.contains(value) {
        throw ValidationError("\(flag) is from 1 to \(Self.sides.upperBound).")
      }
    }
  }

  var chosenResize: Geometry.Resize {
    if noResize { return .none }
    if let size { return .exact(size.size) }
    return .shorterSide(resize ?? 256)
  }

  /// Only the default way of resizing implies a crop.
  var chosenCrop: Int? {
    if noCrop { return nil }
    if case .shorterSide = chosenResize { return crop ?? 224 }
    return crop
  }
}

/// Options for the tensor's elements.
struct TensorFlags: ParsableArguments {
  @Option(help: "The element type.")
  var dtype = TensorFormat.DataType.uint8

  @Option(help: "The order of the axes.")
  var layout = TensorFormat.Layout.hwc

  @Flag(help: "Write one channel of brightness, shape (height, width, 1), converted before the resize.")
  var gray = false

  @Option(help: ArgumentHelp("float32: first multiply by this factor, 0.5 or 1/255 (default: 1/255).", valueName: "x"))
  var scale: Fraction?

  @Option(help: ArgumentHelp("float32: then subtract this, 0.5 or 0.1,0.2,0.3 (default: 0).", valueName: "r,g,b"))
  var mean: ChannelValues?

  @Option(help: ArgumentHelp("float32: then divide by this, one or three (default: 1).", valueName: "r,g,b"))
  var std: ChannelValues?

  func validate() throws {
    guard dtype == .float32 || (scale == nil && mean == nil && std == nil) else {
      throw ValidationError("--scale, --mean and --std need --dtype float32.")
    }
    guard !gray || (mean?.isSingle != false && std?.isSingle != false) else {
      throw ValidationError("--gray takes one number for --mean and --std.")
    }
    guard std?.values.contains(0) != true else { throw ValidationError("--std must not be 0.") }
  }

  func format() throws -> TensorFormat {
    var format = TensorFormat(dataType: dtype, layout: layout, isGray: gray)
    if let scale { format.normalization.scale = scale.value }
    if let mean { format.normalization.mean = mean.values }
    if let std { format.normalization.standardDeviation = std.values }
    return format
  }
}

/// Options for decoding, and limits.
struct DecodingFlags: ParsableArguments {
  @Flag(help: "Decode at a reduced size that is still at least twice the target.")
  var fast = false

  @Flag(help: "Accept truncated and damaged images as far as they can be decoded.")
  var lenient = false

  @Flag(help: "Ignore the EXIF orientation.")
  var ignoreOrientation = false

  @Option(help: ArgumentHelp("Refuse images with more than N pixels, in input or output.", valueName: "n"))
  var maxPixels = JPEGDecoder.Options().maximumPixels

  @Option(help: ArgumentHelp("Refuse compressed images of more than N bytes.", valueName: "n"))
  var maxBytes = 256 << 20

  @Option(
    help: ArgumentHelp(
      "Refuse images whose scans times pixels exceed N; a progressive image has about ten scans.", valueName: "n"))
  var maxWork = JPEGDecoder.Options().maximumWork

  @Option(
    help: ArgumentHelp(
      """
      Refuse images that need more than N bytes of memory at once: 4 a pixel, 2 a sample where there are several scans, and \
      what the resize takes. Each thread processes one image at a time.
      """, valueName: "n"))
  var maxMemory = JPEGDecoder.Options().maximumMemory

  func validate() throws {
    guard (1...(1 << 32)).contains(maxPixels) else { throw ValidationError("--max-pixels is from 1 to 2^32.") }
    guard (1...(1 << 32)).contains(maxBytes) else { throw ValidationError("--max-bytes is from 1 to 2^32.") }
    guard (1...(1 << 50)).contains(maxWork) else { throw ValidationError("--max-work is from 1 to 2^50.") }
    guard (1...(1 << 50)).contains(maxMemory) else { throw ValidationError("--max-memory is from 1 to 2^50.") }
  }

  func options() -> JPEGDecoder.Options {
    JPEGDecoder.Options(
      lenient: lenient, maximumPixels: maxPixels, maximumWork: maxWork, maximumMemory: maxMemory)
  }
}

/// Options for the input.
struct InputFlags: ParsableArguments {
  @Option(help: ArgumentHelp("Read the files that FILE lists, one per line; - is standard input.", valueName: "file"))
  var filesFrom: String?

  @Flag(name: .customShort("0"), help: "The list's paths end in a zero byte, as find -print0 writes them.")
  var zeroSeparated = false

  @Argument(
    help:
      "JPEG files. - or none: standard input, one JPEG or a tar of them. Write ./-name for a name that begins with -.")
  var files: [String] = []

  func validate() throws {
    guard files.isEmpty else { throw ValidationError("Paths are taken out before flags are parsed.") }
    guard !zeroSeparated || filesFrom != nil else { throw ValidationError("-0 needs --files-from.") }
  }

  /// The paths of the files to read, or nil where standard input holds the images.
  ///
  /// - Parameters:
  ///   - arguments: the paths on the command line.
  ///   - open: makes the stream of a list that is a file.
  /// - Throws: `SystemError` when the list cannot be opened.
  func paths(
    _ arguments: [[UInt8]], _ standardInput: InputStream, open: (_ descriptor: CInt, _ path: String) -> InputStream
  ) throws -> FileItems.Paths? {
    guard let filesFrom else {
      return arguments.isEmpty || arguments == [ItemName.standardInput.bytes] ? nil : .arguments(arguments)
    }
    var source = standardInput
    if filesFrom != "-" {
      let list = try mapError {
        SystemError($0, operation: "open", object: filesFrom)
      } of: { () throws(Errno) in
        try Descriptor(opening: filesFrom, O_RDONLY)
      }
      source = open(list.release(), filesFrom)
    }
    return .list(PathList(source, separator: zeroSeparated ? 0 : UInt8(ascii: "\n")))
  }
}
