// A model file that a test makes in memory.

package import ONNX

/// The bytes of a model file. Unchecked: they never change.
package final class ModelInMemory: ModelBytes, @unchecked Sendable {
  package let bytes: UnsafeRawBufferPointer

  package init(_ content: [UInt8]) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 64)
    memory.copyBytes(from: content)
    bytes = UnsafeRawBufferPointer(memory)
  }

  package func discard(_ range: Range<Int>) {}

  deinit { bytes.deallocate() }
}
