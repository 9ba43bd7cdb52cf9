// Names of buckets and access points, entity tags as stores write them, and keys that XML cannot carry.

import AWS
import HTTP
import Testing

@testable import S3

private let accessPoint = "arn:aws:s3:eu-west-1:123456789012:accesspoint/my-ap"

@Suite struct BucketNames {
  @Test func anAccessPointIsABucket() throws {
    let uri = try #require(ObjectURI("s3://\(accessPoint)/a/b"))
    #expect(uri.bucket == accessPoint && uri.key == Key("a/b"))
    #expect(ObjectURI("s3://\(accessPoint)")?.key == Key(""))
    #expect(
      BucketName(accessPoint) == .accessPoint(name: "my-ap", account: "123456789012", region: "eu-west-1"))
  }

  @Test(arguments: [
    ("arn:aws:s3::123456789012:accesspoint/x.mrap", "multi-region"),
    ("arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/x", "Outposts"),
    ("arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/x", "Object Lambda"),
    ("arn:aws:s3:::bucket", "ARN"), ("data--usw2-az1--x-s3", "Express"),
    ("arn:aws:s3:eu-west-1:12:accesspoint/x", "ARN"), ("arn:aws:s3:a/b:123456789012:accesspoint/x", "ARN"),
  ])
  func refusedByName(bucket: String, word: String) {
    guard case .unsupported(let reason) = BucketName(bucket) else {
      Issue.record("not refused")
      return
    }
    #expect(reason.contains(word))
  }

  @Test(arguments: [
    (accessPoint, [:], "my-ap-123456789012.s3-accesspoint.eu-west-1.amazonaws.com"),
    (
      accessPoint, ["AWS_USE_FIPS_ENDPOINT": "true"],
      "my-ap-123456789012.s3-accesspoint-fips.eu-west-1.amazonaws.com"
    ),
    ("bucket", [:], "bucket.s3.us-east-1.amazonaws.com"), ("my.bucket", [:], "s3.us-east-1.amazonaws.com"),
  ])
  func hosts(bucket: String, variables: [String: String], host: String) throws {
    let environment = SystemEnvironment(
      variables: variables, now: { Timestamp(seconds: 0) }, readFile: { _ in nil }, run: { _ in (1, []) })
    let configuration = try Configuration(flags: ConfigurationFlags(), environment: environment)
    let found = Loop.run { try? Client(ServiceClient(configuration)).endpoint(of: bucket).endpoint.host }
    #expect(found == host)
  }
}

@Test(
  "entity tags without their quotes",
  arguments: [("\"a\"", "a"), ("W/\"a\"", "a"), ("a", "a"), ("\"\"", nil), ("", nil), ("W/\"\"", nil), (nil, nil)]
    as [(String?, String?)])
func entityTags(text: String?, expected: String?) { #expect(entityTag(text) == expected) }

@Test(
  "what XML 1.0 can carry",
  arguments: [
    ("a b\t\n\r", true), ("é😀\u{FFFD}", true), ("\u{1}", false), ("a\u{FFFE}", false), ("\u{FFFF}", false),
    ("\u{1FFFF}", true),
  ])
func xmlText(key: String, isText: Bool) { #expect(isXMLText(Key(key)) == isText) }
