// Flags and environment, Fargate's table, and the request that comes of them.

import ArgumentParser
import S3
import Testing

@testable import batchsubmit

private let environment = [
  "JOB_QUEUE": "queue", "JOB_DEFINITION": "arn:aws:batch:eu-west-1:111122223333:job-definition/classify:3",
  "OUTPUT_PREFIX": "s3://photos/output/", "MANIFEST_PREFIX": "s3://photos/manifests",
]

private func settings(_ flags: [String], _ variables: [String: String] = environment) throws -> Settings {
  try Settings(Options.parse(flags)) { variables[$0] }
}

@Suite struct SettingsTests {
  @Test(arguments: [
    ("0.25", 512), ("0.25", 1024), ("0.25", 2048), (".5", 1024), ("0.5", 4096), ("1", 2048), ("1.0", 8192), ("2", 4096),
    ("2", 16384), ("4", 8192), ("4", 30720), ("8", 16384), ("8", 61440), ("16", 32768), ("16", 122_880),
  ])
  func pairsThatFargateHas(vcpu: String, memory: Int) throws {
    #expect(try FargateSize(vcpu: vcpu, memory: memory).memory == memory)
  }

  @Test(arguments: [
    ("0.25", 4096), ("0.25", 1536), ("0.5", 512), ("1", 1024), ("1", 9216), ("2", 4095), ("4", 31744), ("8", 17408),
    ("16", 36864), ("16", 131_072), ("3", 8192), ("0", 512), ("-1", 512), ("nan", 512), ("32", 65536), ("x", 512),
    ("1", -2048), ("1", Int.max),
  ])
  func pairsThatFargateHasNot(vcpu: String, memory: Int) {
    #expect(throws: SettingsError.self) { try FargateSize(vcpu: vcpu, memory: memory) }
  }

  @Test func flagsGoBeforeEnvironment() throws {
    #expect(try settings([]).template.queue == "queue")
    #expect(try settings(["--job-queue", "other"]).template.queue == "other")
    #expect(try "\(settings([]).template.output)" == "s3://photos/output")
    #expect(try "\(settings([]).manifestPrefix)" == "s3://photos/manifests/")
    #expect(try settings([]).imagesPerChild == 6000)
    #expect(try settings(["--vcpu", "4", "--memory", "8192"]).imagesPerChild == 12_000)
  }

  @Test(arguments: ["JOB_QUEUE", "JOB_DEFINITION", "OUTPUT_PREFIX", "MANIFEST_PREFIX"])
  func whatIsMissingIsNamed(variable: String) {
    let flag = "--" + variable.lowercased().replacing("_", with: "-")
    #expect(throws: SettingsError.missing(flag: flag, variable: variable)) {
      try settings([], environment.filter { $0.key != variable })
    }
  }

  @Test(arguments: [
    ["--images-per-child", "0"], ["--max-array-size", "1"], ["--max-array-size", "10001"], ["--attempts", "0"],
    ["--attempts", "11"], ["--timeout", "59"], ["--vcpu", "1"], ["--memory", "2048"], ["--job-name=-x"],
    ["--job-name", "a b"], ["--job-name", String(repeating: "a", count: 101)], ["--job-queue", "a b"],
    ["--output-prefix", "photos/output"], ["--output-prefix", "s3://photos"], ["--manifest-prefix", "s3://photos/"],
    ["--output-prefix", "s3://photos/a\nb"], ["--tag", "x"], ["--tag", "=x"], ["--tag", "aws:x=1"],
    ["--tag", "a=1", "--tag", "a=2"], ["--environment", "1A=1"], ["--environment", "FIRST=1"],
    ["--environment", "AWS_BATCH_X=1"], ["--environment", "A=" + String(repeating: "x", count: 8000)],
    Array(repeating: "--depends-on=0e9b", count: 21),
  ])
  func settingsThatCannotBe(flags: [String]) {
    #expect(throws: SettingsError.self) { try settings(flags) }
  }

  @Test("all overrides together fill at most 8,192 bytes") func overrides() throws {
    let manifests = try #require(ObjectURI("s3://photos/manifests/" + String(repeating: "0", count: 32)))
    let size = try settings(["--environment", "A="]).template.overridesSize(manifests: manifests)
    _ = try settings(["--environment", "A=" + String(repeating: "x", count: 8192 - size)])
    let more = String(repeating: "x", count: 8192 - size - 200)
    _ = try settings(["--environment", "A=" + more])
    for flags in [
      ["--environment", "A=" + String(repeating: "x", count: 8193 - size)],
      ["--environment", "A=" + more, "--output-prefix", "s3://photos/" + String(repeating: "o", count: 400)],
      [
        "--environment", "A=" + more, "--vcpu", "1", "--memory", "4096", "--environment",
        "B=" + String(repeating: "y", count: 99),
      ],
      // Escapes count as they are written.
      ["--environment", "A=" + String(repeating: "\"", count: 4100)],
    ] {
      #expect(throws: SettingsError.self) { try settings(flags) }
    }
  }

  @Test func whatIsWrittenMustNotComeBack() throws {
    func check(_ flags: [String], _ keys: [String], bucket: String = "photos") throws {
      let objects = keys.map { InputObject(record: ObjectRecord(bucket: bucket, key: Key($0))) }
      try settings(flags).checkOverlap(objects)
    }
    try check([], ["input/a.jpg"])
    try check(["--prefix-filter", "input/"], ["input/a.jpg"])
    try check(["--prefix-filter", "out", "--output-prefix", "s3://results/output"], ["out/a.jpg"], bucket: "pictures")
    for flags in [["--prefix-filter", "out"], ["--prefix-filter", "manifests/"], ["--prefix-filter", "output/"]] {
      #expect(throws: SettingsError.self) { try check(flags, ["x/a.jpg"]) }
    }
    #expect(throws: SettingsError.self) { try check([], ["input/a.jpg", "output/b.jpg"]) }
    #expect(throws: SettingsError.self) { try check([], ["manifests/b.jpg"]) }
  }

  @Test func moreArraysThanOneJobCanDependOn() throws {
    let merging = try settings(["--merge", "--max-array-size", "2", "--images-per-child", "1"])
    try merging.checkMerge(Plan(images: 40, imagesPerChild: 1, maximumArraySize: 2))
    #expect(throws: SettingsError.tooMany(setting: "--merge: array jobs", count: 21, limit: 20)) {
      try merging.checkMerge(Plan(images: 41, imagesPerChild: 1, maximumArraySize: 2))
    }
  }

  @Test func theWholeRequest() throws {
    let settings = try settings([
      "--vcpu", "1", "--memory", "4096", "--attempts", "3", "--timeout", "600", "--tag", "team=a\"b", "--depends-on",
      "0e9b-1", "--environment", "CLASSIFY_OPTIONS=--top=1",
    ])
    let manifests = try #require(ObjectURI("s3://photos/manifests/0123456789abcdef"))
    let request = settings.template.request(
      Plan.Job(first: 10_000, size: 42), manifests: manifests, hash: "0123456789abcdef")
    #expect(
      String(decoding: request, as: UTF8.self)
        == #"{"jobName":"classify-0123456789ab-10000","jobQueue":"queue","#
        + #""jobDefinition":"arn:aws:batch:eu-west-1:111122223333:job-definition/classify:3","#
        + #""arrayProperties":{"size":42},"dependsOn":[{"jobId":"0e9b-1"}],"containerOverrides":{"environment":["#
        + #"{"name":"MANIFEST","value":"s3://photos/manifests/0123456789abcdef"},"#
        + #"{"name":"OUTPUT","value":"s3://photos/output"},{"name":"FIRST","value":"10000"},"#
        + #"{"name":"CLASSIFY_OPTIONS","value":"--top=1"}],"#
        + #""resourceRequirements":[{"type":"VCPU","value":"1"},{"type":"MEMORY","value":"4096"}]},"#
        + #""retryStrategy":{"attempts":3,"evaluateOnExit":["#
        + #"{"onStatusReason":"Your Spot Task was interrupted*","action":"RETRY"},"#
        + #"{"onStatusReason":"Host EC2*","action":"RETRY"},{"onExitCode":"75","action":"RETRY"},"#
        + #"{"onExitCode":"*","action":"EXIT"}]},"timeout":{"attemptDurationSeconds":600},"#
        + #""tags":{"team":"a\"b"},"propagateTags":true}"#)
    let single = settings.template.request(Plan.Job(first: 0, size: 1), manifests: manifests, hash: "0123456789abcdef")
    #expect(!String(decoding: single, as: UTF8.self).contains("arrayProperties"))
  }

  // Batch's rule: the first match decides, what none matches is retried.
  @Test(
    arguments: [
      (75, nil, true), (nil, "Your Spot Task was interrupted.", true), (143, "Your Spot Task was interrupted.", true),
      (nil, "CannotPullContainerError: pull image manifest", true), (1, nil, false), (65, nil, false), (78, nil, false),
      (137, "Essential container in task exited", false), (0, nil, false),
      (nil, "Host EC2 (instance i-1) terminated.", true),
    ] as [(Int?, String?, Bool)])
  func whatIsRetried(exitCode: Int?, statusReason: String?, isRetried: Bool) {
    func matches(_ pattern: String, _ text: String?) -> Bool {
      guard let text else { return false }
      return pattern.hasSuffix("*") ? text.hasPrefix(pattern.dropLast()) : text == pattern
    }
    let rule = RetryStrategy.rules.first {
      matches($0.pattern, $0.condition == "onExitCode" ? exitCode.map(String.init) : statusReason)
    }
    #expect((rule?.action ?? "RETRY") == (isRetried ? "RETRY" : "EXIT"))
  }
}
