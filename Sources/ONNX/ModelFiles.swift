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

/// A path is inside the folder it is relative to if no component leaves it.
func isInside(_ path: String) -> Bool {
  !path.isEmpty && !path.hasPrefix("/") && !path.utf8.contains(0)
    && !path.split(separator: "/", omittingEmptySubsequences: false).contains { $0 == ".." }
}
