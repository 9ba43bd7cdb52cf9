// OpenBLAS: products of two computed matrices that are rare (Gemm, Einsum), and the reference of the kernel tests.

internal import COpenBLAS
internal import Synchronization

/// The serial build of OpenBLAS keeps its packing buffers without a lock of its own: two calls at once write over each other's.
private let library = Mutex<Void>(())

/// C (m, n) = alpha · op(A) (m, k) · op(B) (k, n) + beta · C, row-major, `lda`, `ldb`, `ldc` floats from row to row.
/// `op` is a transpose if `transposeA` or `transposeB` is set, else the identity. With beta 0, C is not read.
public func matrixMultiply(
  m: Int, n: Int, k: Int, a: UnsafePointer<Float>, lda: Int, transposeA: Bool, b: UnsafePointer<Float>, ldb: Int,
  transposeB: Bool, c: UnsafeMutablePointer<Float>, ldc: Int, alpha: Float = 1, beta: Float = 0
) {
  guard m > 0, n > 0 else { return }
  // As columns, which exchanges the operands: row-major products take a path of their own on Arm processors with SME, of which Debian's
  // OpenBLAS 0.3.34 has an empty kernel that leaves C as it was.
  library.withLock { _ in
    cblas_sgemm(
      CblasColMajor, transposeB ? CblasTrans : CblasNoTrans, transposeA ? CblasTrans : CblasNoTrans, Int32(n), Int32(m),
      Int32(k), alpha, b, Int32(ldb), a, Int32(lda), beta, c, Int32(ldc))
  }
}
