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
  library.withLock { _ in
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans, Int32(m), Int32(n),
      Int32(k), alpha, a, Int32(lda), b, Int32(ldb), beta, c, Int32(ldc))
  }
}
