// Access to the model file and its external data, confined to the folder of the model.

package import Network

/// The bytes of a model's files: its own, and any that hold external data.
package protocol ModelBytes: ByteOwner {
  /// Valid as long as this object.
  @unsafe var bytes: UnsafeRawBufferPointer { get }
}

/// Where tensors' bytes come from. `open` is given a path inside the model's folder and nothing else.
struct ModelFiles {
  let model: any ModelBytes
  let open: (String) throws -> any ModelBytes
}

/// A path is inside the folder it is relative to if no component leaves it. As bytes: of Swift's characters a slash and a
/// combining mark after it are one.
func isInside(_ path: String) -> Bool {
  let slash = UInt8(ascii: "/")
  return !path.isEmpty && path.utf8.first != slash && !path.utf8.contains(0)
    && !path.utf8.split(separator: slash, omittingEmptySubsequences: false).contains { $0.elementsEqual("..".utf8) }
}
