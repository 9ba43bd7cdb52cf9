// The settings from flags and environment, validated.

import ASCII
import S3
import Streams

/// Everything that submitting needs to know. Valid by construction.
struct Settings {
  var template: JobTemplate
  /// Ends in `/`, or is a whole bucket.
  var manifestPrefix: ObjectURI
  var imagesPerChild: Int
  var maximumArraySize: Int
  var filter: KeyFilter
  /// A last job joins the parts of all children.
  var mergesParts: Bool
  /// Submits what was submitted before.
  var resubmits: Bool

  /// Batch's own.
  static let maximumDependencies = 20

  /// - Parameter variable: the environment; an empty value counts as none.
  init(_ options: Options, variable: (String) -> String?) throws(SettingsError) {
    func setting(_ flag: String, _ name: String, _ value: String?) throws(SettingsError) -> String {
      guard let value = value ?? variable(name) else { throw .missing(flag: flag, variable: name) }
      return value
    }
    let output = try prefix(
      "--output-prefix", setting("--output-prefix", "OUTPUT_PREFIX", options.destination.outputPrefix), withSlash: false
    )
    manifestPrefix = try prefix(
      "--manifest-prefix", setting("--manifest-prefix", "MANIFEST_PREFIX", options.destination.manifestPrefix),
      withSlash: true)
    let size = try fargateSize(options)
    template = JobTemplate(
      queue: try resource("--job-queue", setting("--job-queue", "JOB_QUEUE", options.destination.jobQueue)),
      definition: try resource(
        "--job-definition", setting("--job-definition", "JOB_DEFINITION", options.destination.jobDefinition)),
      name: try jobName(options.jobs.jobName ?? variable("JOB_NAME") ?? "classify"),
      output: output, size: size, retryStrategy: try RetryStrategy(attempts: options.jobs.attempts),
      timeout: try options.jobs.timeout.map { (seconds) throws(SettingsError) in
        try within("--timeout", seconds, 60...14 * 86_400)
      }, tags: try tags(options.jobs.tag),
      environment: try environment(options.jobs.environment), dependsOn: options.jobs.dependsOn)
    guard options.jobs.dependsOn.count <= Self.maximumDependencies else {
      throw .tooMany(setting: "--depends-on", count: options.jobs.dependsOn.count, limit: Self.maximumDependencies)
    }
    imagesPerChild = try within(
      "--images-per-child",
      options.jobs.imagesPerChild ?? Plan.defaultImagesPerChild(vcpus: size?.processors ?? Plan.usualVCPUs),
      1...1_000_000)
    maximumArraySize = try within("--max-array-size", options.jobs.maxArraySize, Plan.arraySizes)
    filter = KeyFilter(prefix: Key(options.selection.prefixFilter))
    if !options.selection.suffix.isEmpty { filter.suffixes = options.selection.suffix }
    mergesParts = options.jobs.merge
    resubmits = options.running.resubmit
    let hash = String(repeating: "0", count: Manifests.hashLength)
    let folder = ObjectURI(bucket: manifestPrefix.bucket, key: manifestPrefix.key.appending(Key(hash)))
    let overrides = template.overridesSize(manifests: folder)
    guard overrides <= JobTemplate.maximumOverrides else {
      throw .tooMany(
        setting: "container overrides (--environment, --vcpu, --memory, prefixes): bytes", count: overrides,
        limit: JobTemplate.maximumOverrides)
    }
  }

  /// Throws where what this batch writes would be submitted again: where the output or the manifests are under the
  /// filter's prefix in a bucket of the input's, or where the input has come from them.
  func checkOverlap(_ objects: [InputObject]) throws(SettingsError) {
    let outputPrefix = ObjectURI(bucket: template.output.bucket, key: template.output.key.appending(Key("/")))
    for (setting, place) in [("--output-prefix", outputPrefix), ("--manifest-prefix", manifestPrefix)] {
      for object in objects where object.record.bucket == place.bucket {
        if !filter.prefix.bytes.isEmpty, place.key.hasPrefix(filter.prefix) {
          let input = ObjectURI(bucket: place.bucket, key: filter.prefix)
          throw .overlap(setting: setting, location: "\(place)", input: "\(input)")
        }
        if object.record.key.hasPrefix(place.key) {
          throw .overlap(setting: setting, location: "\(place)", input: "\(object.record.uri)")
        }
      }
    }
  }

  /// Throws where one job cannot depend on all of the plan's.
  func checkMerge(_ plan: Plan) throws(SettingsError) {
    guard !mergesParts || plan.jobs.count <= Self.maximumDependencies else {
      throw .tooMany(setting: "--merge: array jobs", count: plan.jobs.count, limit: Self.maximumDependencies)
    }
  }
}

private func within(_ setting: String, _ value: Int, _ allowed: ClosedRange<Int>) throws(SettingsError) -> Int {
  guard allowed.contains(value) else { throw .outOfRange(setting: setting, value: value, allowed: allowed) }
  return value
}

private func prefix(_ setting: String, _ text: String, withSlash: Bool) throws(SettingsError) -> ObjectURI {
  guard let uri = ObjectURI(text), uri.key.isText, uri.key.bytes.count <= 512,
    !uri.key.bytes.contains(where: { $0 < 0x20 || $0 == 0x7F })
  else { throw .malformed(setting: setting, value: text, expected: "s3://bucket/prefix of at most 512 bytes") }
  var key = uri.key.bytes
  while key.last == UInt8(ascii: "/") { key.removeLast() }
  guard !key.isEmpty else { throw .malformed(setting: setting, value: text, expected: "a prefix below a bucket") }
  return ObjectURI(bucket: uri.bucket, key: Key(bytes: withSlash ? key + [UInt8(ascii: "/")] : key))
}

private func fargateSize(_ options: Options) throws(SettingsError) -> FargateSize? {
  switch (options.jobs.vcpu, options.jobs.memory) {
  case (nil, nil): return nil
  case (let vcpu?, let memory?): return try FargateSize(vcpu: vcpu, memory: memory)
  default: throw .sizeNeedsBoth
  }
}

/// A name or an ARN.
private func resource(_ setting: String, _ text: String) throws(SettingsError) -> String {
  guard (1...512).contains(text.utf8.count),
    text.utf8.allSatisfy({ isAlphanumeric($0) || "-_:/.".utf8.contains($0) })
  else { throw .malformed(setting: setting, value: text, expected: "a name or an ARN") }
  return text
}

/// Batch takes 128 characters of letters, digits, `-` and `_`; the hash and the number of the first child need 28.
private func jobName(_ text: String) throws(SettingsError) -> String {
  guard let first = text.utf8.first, isAlphanumeric(first), text.utf8.count <= 100,
    text.utf8.allSatisfy({ isAlphanumeric($0) || "-_".utf8.contains($0) })
  else {
    throw .malformed(
      setting: "--job-name", value: text,
      expected: "1 to 100 letters, digits, - and _, beginning with a letter or digit")
  }
  return text
}

private func pairs(_ setting: String, _ texts: [String]) throws(SettingsError) -> [Pair] {
  var result: [Pair] = []
  for text in texts {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else {
      throw .malformed(setting: setting, value: text, expected: "NAME=VALUE")
    }
    let pair = Pair(name: String(parts[0]), value: String(parts[1]))
    guard !result.contains(where: { $0.name == pair.name }) else {
      throw .malformed(setting: setting, value: text, expected: "a name given once")
    }
    result.append(pair)
  }
  return result
}

private func tags(_ texts: [String]) throws(SettingsError) -> [Pair] {
  let tags = try pairs("--tag", texts)
  guard tags.count <= 50 else { throw .tooMany(setting: "--tag", count: tags.count, limit: 50) }
  for tag in tags where tag.name.utf8.count > 128 || tag.value.utf8.count > 256 || tag.name.hasPrefix("aws:") {
    throw .malformed(
      setting: "--tag", value: tag.name, expected: "a name of at most 128 bytes, not aws:…, with a value of at most 256"
    )
  }
  return tags
}

private func environment(_ texts: [String]) throws(SettingsError) -> [Pair] {
  let variables = try pairs("--environment", texts)
  for variable in variables {
    guard let first = variable.name.utf8.first, !first.isASCIIDigit,
      variable.name.utf8.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: "_") })
    else {
      throw .malformed(setting: "--environment", value: variable.name, expected: "letters, digits and _")
    }
    if JobTemplate.isReserved(variable.name) { throw .reservedVariable(variable.name) }
  }
  return variables
}

private func isAlphanumeric(_ byte: UInt8) -> Bool { byte.isASCIILetter || byte.isASCIIDigit }
