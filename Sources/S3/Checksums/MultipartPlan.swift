// How an object is cut into parts. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html

/// Parts of one size and a last one of at most that: 5 MiB ... 5 GiB each, at most 10,000.
package struct MultipartPlan: Equatable, Sendable {
  package static let minimumPartSize: Int64 = 5 << 20
  package static let maximumPartSize: Int64 = 5 << 30
  package static let maximumPartCount: Int64 = 10_000
  /// What 10,000 parts of 5 GiB hold; AWS takes objects of up to 50 TB, which is less.
  package static let maximumObjectSize = maximumPartSize * maximumPartCount

  package let size: Int64
  package let partSize: Int64

  /// - Parameters:
  ///   - size: of the object. More than `maximumObjectSize` takes more than 10,000 parts, which a download may have.
  ///   - partSize: what is wanted; more where 10,000 such parts would not be enough.
  package init(size: Int64, partSize: Int64) {
    precondition(size >= 0)
    self.size = size
    let needed = (size + Self.maximumPartCount - 1) / Self.maximumPartCount
    let mebibyte: Int64 = 1 << 20
    self.partSize = min(
      max(partSize, Self.minimumPartSize, (needed + mebibyte - 1) / mebibyte * mebibyte), Self.maximumPartSize)
  }

  /// Parts of exactly this size, even outside S3's limits: for an object that another program uploaded.
  package init(size: Int64, exactPartSize: Int64) {
    precondition(size >= 0 && exactPartSize > 0)
    self.size = size
    partSize = exactPartSize
  }

  /// At least 1: an empty object is one empty part.
  package var partCount: Int { max(1, Int((size + partSize - 1) / partSize)) }

  /// The bytes of a part.
  ///
  /// - Parameter index: 0 ..< partCount; S3's part number less one.
  package func range(_ index: Int) -> Range<Int64> {
    let start = Int64(index) * partSize
    return start..<min(start + partSize, size)
  }

  /// The size of part `index` (0 ..< 10,000) of a stream of unknown length: 8 MiB, and twice as much after each
  /// thousand parts, so that small streams need little memory and 5 TiB still fit.
  package static func streamPartSize(_ index: Int) -> Int64 { Int64(8 << 20) << Int64(index / 1000) }
}
