// One file or object copied by itself, under the rules of a mirror of one item.

import AWS
import Glibc
import HTTP
import S3
import Streams

@Loop
struct SingleTransfer {
  let context: TransferContext
  /// A single item is transferred unless a flag says how it may be current.
  let rules: ComparisonRules
  let filter: Filter
  let isDryRun: Bool
  let reporter: Reporter

  func download(_ object: ObjectURI, folder: String, name: Key) async throws(SyncError) {
    guard filter.admits(Key(lastName(object.key.text))) else { return }
    let description = try await describe(object)
    let entry = Entry(
      key: name, size: description.size, modified: description.lastModified, etag: description.etag)
    let current = s3sync.entry(ofFile: name, in: folder, links: .report, isSource: false)
    let path = folder + name.text
    try await transfer(.download, object.description, path, entry, current?.kind == .item ? current : nil) {
      (decision) async throws(SyncError) in
      switch decision {
      case .compareTimes:
        return decide(source: entry, fileTime: description.fileModified, target: current ?? entry, rules: rules)
          == .skip
      case .compareBytes:
        return try await ContentComparison(context: context).isEqual(
          file: path, size: entry.size, object: object, etag: entry.etag, followsSymlinks: false)
      case .skip, .transfer: return decision == .skip
      }
    } work: { () async throws(SyncError) in
      let target = TargetFolder(folder)
      let leftovers = Leftovers(in: target, context)
      leftovers.scan()
      // A mirror synchronises its file system once; for one file that is what --fsync does.
      let download = Download(context: context, target: target, leftovers: leftovers, isDurable: true)
      let verification = try await download.run(object, entry, as: name)
      // After a failure a later run may resume what is left.
      leftovers.removeStale(of: name)
      return .stored(size: entry.size, verification)
    }
  }

  func upload(_ path: String, to object: ObjectURI) async throws(SyncError) {
    let name = Key(lastName(path))
    guard filter.admits(name) else { return }
    let file = try systemCalls { () throws(SystemError) in
      try OpenFile(path, followsSymlinks: context.options.followsSymlinks)
    }
    let entry = Entry(key: name, size: file.size, modified: file.modified)
    let current = try await currentObject(object)
    try await transfer(.upload, path, object.description, entry, current) { (decision) async throws(SyncError) in
      guard decision == .compareBytes else { return decision == .skip }
      return try await ContentComparison(context: context).isEqual(
        file: path, size: entry.size, object: object, etag: current?.etag)
    } work: { () async throws(SyncError) in
      try await Upload(context: context).run(path, to: object)
    }
  }

  func copy(_ source: ObjectURI, to target: ObjectURI) async throws(SyncError) {
    guard filter.admits(Key(lastName(source.key.text))) else { return }
    let description = try await describe(source)
    let entry = Entry(
      key: source.key, size: description.size, modified: description.lastModified, etag: description.etag)
    let current = try await currentObject(target)
    try await transfer(.copy, source.description, target.description, entry, current) {
      (decision) async throws(SyncError) in
      guard decision == .compareBytes else { return decision == .skip }
      return try await ContentComparison(context: context).isEqual(source, entry.etag, target, current?.etag)
    } work: { () async throws(SyncError) in
      try await ObjectCopy(context: context).run(source, entry, to: target)
    }
  }

  /// Describes a source; an error for a missing object suggests a prefix of that name, if there is one.
  func describe(_ object: ObjectURI) async throws(SyncError) -> ObjectDescription {
    let found = try await call { () async throws(ServiceError) in
      try await context.client.headIfPresent(GetRequest(object))
    }
    guard let found else { throw .noSuchObject(await explanation(ofMissing: object)) }
    return found
  }

  private func explanation(ofMissing object: ObjectURI) async -> String {
    let prefix = ObjectURI(bucket: object.bucket, key: Key(bytes: object.key.bytes + [UInt8(ascii: "/")]))
    do throws(ServiceError) {
      let page = try await context.client.list(
        object.bucket, prefix: prefix.key, continuationToken: nil, after: nil, limit: 1)
      return page.objects.isEmpty
        ? "no object \(object.key.text)" : "no object \(object.key.text); did you mean \(prefix)?"
    } catch {
      if case .refused(let failure) = error, failure.code == "NoSuchBucket" { return "no bucket \(object.bucket)" }
      return "no object \(object.key.text)"
    }
  }

  /// The existing target; requested only where a flag compares with it. An upload that skips what exists asks on writing,
  /// except in a dry run.
  private func currentObject(_ object: ObjectURI) async throws(SyncError) -> Entry? {
    guard rules.comparesOnRequest, isDryRun || !rules.skipsExistingTargets else { return nil }
    return try await entry(
      ofObject: object.key, below: ObjectURI(bucket: object.bucket, key: Key(bytes: [])), context.client,
      isSource: false
    ).get()
  }

  private func transfer(
    _ direction: Direction, _ source: String, _ target: String, _ entry: Entry, _ current: Entry?,
    isCurrent: (Decision) async throws(SyncError) -> Bool, work: () async throws(SyncError) -> StoreOutcome
  ) async throws(SyncError) {
    let name = direction.rawValue
    context.progress?.totalItems = 1
    context.progress?.totalBytes = entry.size
    if rules.comparesOnRequest {
      if rules.skipsExistingTargets, current != nil {
        return reporter.done(name, source, target, size: entry.size, .exists)
      }
      let decision = decide(source: entry, target: current, direction: direction, rules: rules)
      if try await isCurrent(decision) { return reporter.done(name, source, target, size: entry.size, .current) }
    }
    if isDryRun { return reporter.done(name, source, target, size: entry.size, isDryRun: true) }
    let outcome = try await work()
    reporter.done(name, source, target, size: entry.size, outcome)
    if case .stored(_, let verification) = outcome { context.trace(source, verification) }
  }
}
