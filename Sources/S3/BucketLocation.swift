// How a bucket's name becomes a host and a path: plain buckets, access points, and what cannot be reached.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-naming.html

import ASCII
import AWS

/// The kinds of bucket names.
enum BucketName: Equatable {
  case plain(String)
  /// An access point: its own name, its account, its region.
  case accessPoint(name: String, account: String, region: String)
  /// Why this program cannot reach it.
  case unsupported(reason: String)

  init(_ text: String) {
    guard text.hasPrefix("arn:") else {
      let isDirectoryBucket = text.hasSuffix("--x-s3")
      self =
        isDirectoryBucket
        ? .unsupported(reason: "directory buckets (S3 Express One Zone) are not supported") : .plain(text)
      return
    }
    // arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE
    let fields = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
    let resource = fields.count == 6 ? fields[5].split { $0 == "/" || $0 == ":" }.map(String.init) : []
    switch (fields.count > 2 ? fields[2] : "", resource.first, resource.count) {
    case ("s3", "accesspoint", 2) where fields[3].isEmpty:
      self = .unsupported(reason: "multi-region access points are not supported: they need signature version 4A")
    case ("s3", "accesspoint", 2)
    where isRegion(fields[3]) && fields[4].utf8.count == 12 && fields[4].utf8.allSatisfy(\.isASCIIDigit)
      && Client.isHostLabel(resource[1], allowsDots: false):
      self = .accessPoint(name: resource[1], account: fields[4], region: fields[3])
    case ("s3-outposts", _, _): self = .unsupported(reason: "buckets on Outposts are not supported")
    case ("s3-object-lambda", _, _): self = .unsupported(reason: "Object Lambda access points are not supported")
    default: self = .unsupported(reason: "not the ARN of an access point")
    }
  }
}
