// One tar member as the pieces that are written to the pipeline: a header, the body as it is, padding.
import Streams

/// A file in a tar stream that does not end. The name is our counter, so a ustar header always suffices.
func tarMember(name: String, body: [UInt8]) -> [[UInt8]] {
  guard
    let header = TarHeader.encode(
      name: Array(name.utf8), size: body.count, modificationTime: 0, type: UInt8(ascii: "0"))
  else { preconditionFailure("a counter and an image of a few megabytes fit a header") }
  return [header, body, [UInt8](repeating: 0, count: -body.count & (TarHeader.size - 1))]
}
