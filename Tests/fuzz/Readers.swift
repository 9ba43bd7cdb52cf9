// The readers that are fuzzed, each as one function of bytes.

import Glibc
import ModelInMemory
import Network

@testable import AWS
@testable import ONNX
@testable import Streams
@testable import classify
@testable import imgdecode
@testable import lambda_bootstrap

/// Something that reads one format. It returns where the input is accepted and throws where it is not.
struct Reader: Sendable {
  /// Also the folder of its seeds.
  let name: String
  let read: @Sendable (_ bytes: [UInt8]) throws -> Void

  struct Rejected: Error {}

  static let all: [Reader] = [
    Reader(name: "jpeg") { bytes in
      // A few bytes can claim many pixels; what is within the limits is decoded whole.
      let limits = JPEGDecoder.Options(
        lenient: bytes.count % 2 == 0, maximumPixels: 1 << 20, maximumWork: 1 << 24, maximumMemory: 64 << 20)
      let geometry = imgdecode.Geometry(resize: .shorterSide(8), crop: 8)
      _ = try ImageDecoder(ImageOptions(geometry: geometry, jpeg: limits)).decode(bytes)
    },
    Reader(name: "exif") { bytes in
      let half = bytes.count / 2
      _ = EXIF.orientation(exif: bytes, xmp: [])
      _ = EXIF.orientation(exif: [], xmp: bytes)
      _ = EXIF.orientation(exif: Array(bytes[..<half]), xmp: Array(bytes[half...]))
    },
    Reader(name: "tar") { bytes in
      try withFile(bytes) { descriptor in
        var items = ArchiveItems(InputStream(descriptor: descriptor, capacity: 4096), skipping: ArchiveItems.sidecars)
        while let item = try items.next() {
          if case .file(let entry) = item, entry.size % 3 != 0 { _ = try items.readBody() }
        }
      }
    },
    Reader(name: "npy") { bytes in _ = try InputTensor(bytes) },
    Reader(name: "record") { bytes in _ = try ErrorRecord(member: ItemName("a.jpg.error.json"), body: bytes) },
    Reader(name: "json") { bytes in _ = try JSONDocument(bytes) },
    Reader(name: "xml") { bytes in
      var reader = XMLReader(bytes)
      while try reader.next() != .endOfDocument {}
    },
    Reader(name: "http") { bytes in
      var reader = ReplyReader()
      var rest = bytes[...]
      while !rest.isEmpty, !reader.isWhole {
        try reader.take(rest.prefix(7))
        rest = rest.dropFirst(7)
      }
      if !reader.isWhole { throw Rejected() }
    },
    Reader(name: "onnx") { bytes in
      let model = try Model(ModelInMemory(bytes)) { _ in throw Rejected() }
      _ = try model.graph(imageSize: ImageSize(height: 8, width: 8))
    },
    Reader(name: "labels") { bytes in if Labels.parse(bytes) == nil { throw Rejected() } },
    Reader(name: "kind") { bytes in _ = DataDescription.of(Array(bytes.prefix(512))) },
  ]

  /// A temporary file that holds the bytes.
  private static func withFile(_ bytes: [UInt8], _ body: (CInt) throws -> Void) throws {
    guard let file = tmpfile() else { throw SystemError(operation: "create", object: "a temporary file") }
    defer { fclose(file) }
    _ = bytes.withUnsafeBytes { pwrite(fileno(file), $0.baseAddress, $0.count, 0) }
    try body(fileno(file))
  }
}
