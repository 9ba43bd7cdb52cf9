// Deliveries that are one object, and which of them counts.

import AWS
import S3
import Streams
import Testing

@testable import batchsubmit

private func object(
  _ key: String, bucket: String = "photos", version: String? = nil, etag: String? = nil, sequencer: String = "",
  message: Int? = nil, time: Int64? = nil
) -> InputObject {
  InputObject(
    record: ObjectRecord(
      bucket: bucket, key: Key(key), versionID: version, etag: etag,
      lastModified: time.map { Timestamp(seconds: $0) }),
    sequencer: sequencer, message: message)
}

extension [InputObject] {
  fileprivate func deduplicated() -> [InputObject] {
    var objects = self
    objects.deduplicate()
    return objects
  }
}

@Suite struct InputObjectTests {
  @Test func eachObjectOnceInOrderOfBytes() {
    let twins = [object("e\u{301}.jpg"), object("é.jpg")]
    let objects = twins + [object("b"), object("a/b"), object("a"), object("b"), object("a", bucket: "art")]
    #expect(
      objects.deduplicated().map { "\($0.record.uri)" } == [
        "s3://art/a", "s3://photos/a", "s3://photos/a/b", "s3://photos/b", "s3://photos/e\u{301}.jpg",
        "s3://photos/é.jpg",
      ])
    #expect(objects.deduplicated().count == 6)
  }

  @Test func theLatestDeliveryCountsWhateverTheOrder() {
    let deliveries = [
      object("a", etag: "1", sequencer: "0055AED6DCD90281E5"), object("a", etag: "3", sequencer: "0055AED6DCD90281E6"),
      object("a", etag: "2", sequencer: "0055AED6DCD90281E500"),
    ]
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]] {
      #expect(order.map { deliveries[$0] }.deduplicated().map(\.record.etag) == ["3"])
    }
    let listed = [object("a", etag: "old", time: 1), object("a", etag: "new", time: 2)]
    #expect(listed.deduplicated().map(\.record.etag) == ["new"])
    #expect(Array(listed.reversed()).deduplicated().map(\.record.etag) == ["new"])
  }

  @Test func versionsAreObjectsOfTheirOwn() {
    #expect([object("a", version: "1"), object("a", version: "2"), object("a")].deduplicated().count == 3)
  }

  @Test(arguments: [
    ("00", "01", true), ("01", "00", false), ("1", "10", false), ("10", "1", false), ("1", "11", true),
    ("0a", "0B", true), ("", "1", true),
  ])
  func sequencersCompareAsPaddedText(left: String, right: String, isEarlier earlier: Bool) {
    #expect(isEarlier(left, right) == earlier)
  }

  @Test(arguments: [
    ("input/a.jpg", true), ("input/a.JPG", true), ("input/b.JpEg", true), ("input/", false), ("input/a.png", false),
    ("other/a.jpg", false), ("input/jpg", false), (".jpg", false), ("inputs.jpg", false),
  ])
  func filter(key: String, isAccepted: Bool) {
    #expect(KeyFilter(prefix: Key("input/")).accepts(Key(key)) == isAccepted)
  }

  /// imgdecode gives no line for them, whatever endings are asked for.
  @Test(
    arguments: ["input/._a.jpg", "._a.jpg", "input/._", "input/folder.jpg/", "input/a.error.json"]
      + ArchiveItems.sidecars.flatMap { ["input/a" + $0, "input/A" + $0.uppercased()] })
  func filterRefusesWhatImgdecodeSkips(key: String) {
    for suffixes in [KeyFilter().suffixes, [], [""], ArchiveItems.sidecars] {
      #expect(!KeyFilter(suffixes: suffixes).accepts(Key(key)))
    }
  }

  @Test(arguments: ["._folder/a.jpg", "input/.a.jpg", "input/_a.jpg", "input/a._b.jpg", "input/a.json.jpg"])
  func filterAcceptsNamesThatOnlyResembleThose(key: String) {
    #expect(KeyFilter().accepts(Key(key)))
  }

  @Test func manifestsDependOnObjectsAndCutsAlone() throws {
    let prefix = try #require(ObjectURI("s3://photos/manifests/"))
    let objects = ["a", "b", "c"].map { object($0) }
    func hash(_ objects: [InputObject], _ perChild: Int) -> String {
      Manifests(
        objects, plan: Plan(images: objects.count, imagesPerChild: perChild, maximumArraySize: 2), prefix: prefix
      ).hash
    }
    #expect(hash(objects, 2) == hash(Array(objects.shuffled()).deduplicated(), 2))
    #expect(Set([hash(objects, 1), hash(objects, 2), hash(objects, 3), hash(Array(objects.dropLast()), 3)]).count == 4)

    let manifests = Manifests(
      objects, plan: Plan(images: 3, imagesPerChild: 2, maximumArraySize: 2), prefix: prefix)
    #expect("\(manifests.location(ofChild: 7))" == "s3://photos/manifests/\(manifests.hash)/00007.ndjson")
    #expect(
      String(decoding: manifests.content(ofChild: 0), as: UTF8.self)
        == "{\"bucket\":\"photos\",\"key\":\"a\"}\n{\"bucket\":\"photos\",\"key\":\"b\"}\n")
    #expect(manifests.marker(first: 0, request: [1]) != manifests.marker(first: 0, request: [2]))
    #expect(manifests.marker(first: 0, request: [1]) != manifests.marker(first: nil, request: [1]))
  }
}
