// Keys, URIs, records, and the documents that S3 answers with.

import AWS
import HTTP
import Testing

@testable import S3

@Test("keys are ordered and compared by bytes") func keyOrder() {
  let sorted = ["A", "a", "a b", "a-b", "a.txt", "a/b", "a0", "e\u{301}", "é", "\u{FFFD}", "😀"].map(Key.init)
  #expect(sorted.shuffled().sorted() == sorted)
  #expect(Key("é") != Key("e\u{301}"))
  #expect(Set([Key("é"), Key("e\u{301}")]).count == 2)
}

@Test(
  "URIs",
  arguments: [
    ("s3://bucket/a b%20", "bucket", "a b%20", false), ("s3://bucket", "bucket", "", true),
    ("s3://bucket/p/", "bucket", "p/", true),
    ("s3://bucket//x", "bucket", "/x", false),
  ])
func uris(text: String, bucket: String, key: String, isPrefix: Bool) throws {
  let uri = try #require(ObjectURI(text))
  #expect(uri == ObjectURI(bucket: bucket, key: Key(key)))
  #expect(uri.isPrefix == isPrefix)
}

@Test(
  "no URIs",
  arguments: [
    "", "s3:/b", "s3://", "s3:///k", "s3://b", "s3://buc ket/k", "s3://.../k", "http://bucket/k", "s3://a@b.c/k",
  ])
func noURIs(text: String) {
  #expect(ObjectURI(text) == nil)
}

@Test func recordsGoThroughALine() {
  let record = ObjectRecord(
    bucket: "bucket", key: Key("a \"b\"\n/é"), versionID: "v", size: 7, etag: "e-2",
    lastModified: Timestamp(seconds: 1_440_938_160, nanoseconds: 5_000_000))
  #expect(
    String(decoding: record.line, as: UTF8.self)
      == #"{"bucket":"bucket","key":"a \"b\"\n/é","versionId":"v","size":7,"etag":"e-2","lastModified":"2015-08-30T12:36:00.005Z"}"#
      + "\n")
  #expect(ObjectRecord(line: record.line) == record)
  #expect(ObjectRecord(line: "s3://bucket/k".utf8) == ObjectRecord(bucket: "bucket", key: Key("k")))
}

@Test("a record cut at any length is refused") func cutRecords() {
  let line = Array(ObjectRecord(bucket: "bucket", key: Key("key"), size: 1, etag: "e").line.dropLast())
  for length in 0..<line.count { #expect(ObjectRecord(line: line[..<length]) == nil) }
}

@Test(
  "no records",
  arguments: [
    "", "{}", "[]", "x", #"{"bucket":"b","key":"k"}"#, #"{"bucket":"bucket","key":""}"#,
    #"{"bucket":"bucket","key":"k","size":-1}"#,
    #"{"bucket":"bucket","key":"k","lastModified":"yesterday"}"#, #"{"bucket":"bucket","key":7}"#,
  ])
func noRecords(text: String) {
  #expect(ObjectRecord(line: text.utf8) == nil)
}

private func list(_ content: String) -> Result<ListPage, XMLError> {
  do throws(XMLError) {
    return .success(try listPage(Array("<ListBucketResult>\(content)</ListBucketResult>".utf8), bucket: "bucket"))
  } catch {
    return .failure(error)
  }
}

private func contents(_ key: String) -> String {
  "<Contents><Key>\(key)</Key><Size>3</Size><ETag>&quot;e&quot;</ETag><LastModified>2015-08-30T12:36:00.000Z</LastModified>"
    + "<Owner><ID>x</ID></Owner></Contents>"
}

@Test func listings() throws {
  let plain = try list("<IsTruncated>false</IsTruncated>" + contents("a+b&amp;")).get()
  #expect(plain.objects.map(\.key) == [Key("a+b&")])
  #expect(plain.objects[0].etag == "e" && plain.objects[0].size == 3)
  let encoded = try list("<EncodingType>url</EncodingType>" + contents("a+b%2B%0A")).get()
  #expect(encoded.objects.map(\.key) == [Key("a b+\n")])
  let more = try list("<IsTruncated>true</IsTruncated><NextContinuationToken>t+/=</NextContinuationToken>").get()
  #expect(more.continuationToken == "t+/=")
}

@Test(
  "listings that are refused",
  arguments: [
    "<IsTruncated>true</IsTruncated>", "<Contents><Key>a</Key></Contents>",
    "<EncodingType>url</EncodingType>" + contents("%zz"),
    contents(""), "<Contents>", contents("a").replacing("<Size>3", with: "<Size>-3"),
    contents("a").replacing("<Size>3", with: "<Size>+3"),
    contents("a").replacing("<Size>3", with: "<Size>9223372036854775807"),
  ])
func refusedListings(content: String) {
  #expect(throws: XMLError.self) { try list(content).get() }
}

@Test("a listing cut at any length is refused") func cutListing() {
  let bytes = Array("<ListBucketResult><IsTruncated>false</IsTruncated>\(contents("a"))</ListBucketResult>".utf8)
  for length in 0..<bytes.count {
    #expect(throws: XMLError.self) { () throws(XMLError) in try listPage(Array(bytes[..<length]), bucket: "bucket") }
  }
}

@Test func deleteResults() throws {
  let xml = "<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code><Message>m</Message></Error></DeleteResult>"
  let errors = try #require(deleteErrors(Array(xml.utf8)))
  #expect(errors.map(\.key) == [Key("a")])
  #expect(errors.first?.error.kind == .notPermitted)
  #expect(deleteErrors(Array("<Error/>".utf8)) == nil)
}

@Test(
  "AWS's own endpoints",
  arguments: [
    ("eu-west-1", "", "s3.eu-west-1.amazonaws.com"), ("cn-north-1", "", "s3.cn-north-1.amazonaws.com.cn"),
    ("us-gov-west-1", "AWS_USE_FIPS_ENDPOINT", "s3-fips.us-gov-west-1.amazonaws.com"),
    ("us-east-1", "AWS_USE_DUALSTACK_ENDPOINT", "s3.dualstack.us-east-1.amazonaws.com"),
  ])
func roots(region: String, variable: String, host: String) throws {
  let environment = SystemEnvironment(
    variables: [variable.isEmpty ? "X" : variable: "true"], now: { Timestamp(seconds: 0) }, readFile: { _ in nil },
    run: { _ in (1, []) })
  let configuration = try Configuration(flags: ConfigurationFlags(), environment: environment)
  #expect(Loop.run { Client.root(region: region, configuration).host } == host)
}

@Test func hostLabels() {
  let labels = Loop.run {
    ["bucket", "my.bucket", "Bucket", "under_score", "-b", String(repeating: "b", count: 64)].map {
      Client.isHostLabel($0, allowsDots: false)
    }
  }
  #expect(labels == [true, false, false, false, false, false])
}
