// Signatures against AWS's published ones: the SigV4 test suite, and the examples of S3's documentation.

import HTTPFields
import Testing

@testable import AWS

/// A request of AWS's suite: signed 2015-08-30 12:36:00 for us-east-1 and "service".
struct SuiteVector: Sendable, CustomTestStringConvertible {
  let name: String
  let signature: String
  var method = "GET"
  var path = "/"
  var query: Query = []
  var headers: HeaderFields = []
  var payloadHash = ServiceRequest.emptyPayloadHash

  var testDescription: String { name }
}

private let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

let suite = [
  SuiteVector(name: "get-vanilla", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
  SuiteVector(
    name: "post-vanilla", signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", method: "POST"),
  SuiteVector(
    name: "get-header-key-duplicate", signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    headers: [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")]),
  SuiteVector(
    name: "get-header-value-trim", signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    headers: [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")]),
  SuiteVector(
    name: "get-utf8", signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
    path: "/" + percentEncoded("ሴ".utf8)),
  SuiteVector(
    name: "get-space", signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
    path: "/example%20space/"),
  SuiteVector(
    name: "get-slashes-unnormalized", signature: "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5",
    path: "//example//"),
  SuiteVector(
    name: "get-vanilla-query-order-key-case",
    signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    query: [("Param2", "value2"), ("Param1", "value1")]),
  SuiteVector(
    name: "get-vanilla-query-unreserved", signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    query: [(unreserved, unreserved)]),
  SuiteVector(
    name: "get-vanilla-utf8-query", signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    query: [(percentEncoded("ሴ".utf8), "bar")]),
  SuiteVector(
    name: "get-vanilla-with-session-token",
    signature: "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
    headers: [("X-Amz-Security-Token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267")]),
  SuiteVector(
    name: "post-x-www-form-urlencoded", signature: "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
    method: "POST",
    headers: [
      ("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", "13"),
      ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
    ], payloadHash: "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
]

@Test("AWS's SigV4 test suite", arguments: suite)
func suiteSignature(_ vector: SuiteVector) {
  let date = "20150830T123600Z"
  let request = SignableRequest(
    method: vector.method, path: vector.path, query: vector.query,
    headers: vector.headers + [("Host", "example.amazonaws.com"), ("X-Amz-Date", date)],
    payloadHash: vector.payloadHash)
  let key = SigningKey(
    accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", date: "20150830",
    region: "us-east-1", service: "service")
  let value = authorization(
    for: request, date: date, key: key, pathEncoding: vector.path.contains("%") ? .once : .twice)
  #expect(value.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "))
  #expect(value.hasSuffix("Signature=\(vector.signature)"))
}

/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
struct S3Example: Sendable {
  var method = "GET"
  let path: String
  var query: Query = []
  var headers: HeaderFields = []
  var payloadHash = ServiceRequest.emptyPayloadHash
  let signature: String
}

@Test(
  "the examples of S3's documentation",
  arguments: [
    S3Example(
      path: "/test.txt", headers: [("Range", "bytes=0-9")],
      signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
    S3Example(
      method: "PUT", path: "/test%24file.text",
      headers: [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
      payloadHash: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
      signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
    S3Example(
      path: "/", query: [("lifecycle", "")],
      signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    S3Example(
      path: "/", query: [("max-keys", "2"), ("prefix", "J")],
      signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
  ])
func documentedSignature(_ example: S3Example) {
  let date = "20130524T000000Z"
  let request = SignableRequest(
    method: example.method, path: example.path, query: example.query,
    headers: example.headers + [
      ("Host", "examplebucket.s3.amazonaws.com"), ("x-amz-date", date), ("x-amz-content-sha256", example.payloadHash),
    ], payloadHash: example.payloadHash)
  let key = SigningKey(
    accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", date: "20130524",
    region: "us-east-1", service: "s3")
  let value = authorization(for: request, date: date, key: key, pathEncoding: .once)
  #expect(value.hasSuffix("Signature=\(example.signature)"))
}

@Test("header names where one is a prefix of another are sorted as names, not as lines")
func prefixNamesAreSorted() {
  let request = SignableRequest(
    method: "PUT", path: "/", query: [],
    headers: [("x-amz-server-side-encryption-aws-kms-key-id", "k"), ("x-amz-server-side-encryption", "aws:kms")],
    payloadHash: "h")
  let (text, names) = canonicalRequest(request, pathEncoding: .once)
  #expect(names == "x-amz-server-side-encryption;x-amz-server-side-encryption-aws-kms-key-id")
  #expect(
    String(decoding: text, as: UTF8.self)
      == "PUT\n/\n\nx-amz-server-side-encryption:aws:kms\nx-amz-server-side-encryption-aws-kms-key-id:k\n\n\(names)\nh")
}

@Test("other services encode the path twice")
func pathTwice() {
  let request = SignableRequest(method: "GET", path: "/a%20b", query: [], headers: [], payloadHash: "h")
  #expect(String(decoding: canonicalRequest(request, pathEncoding: .twice).text, as: UTF8.self).contains("/a%2520b\n"))
}
