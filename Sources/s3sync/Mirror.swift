// A folder or a prefix made equal to another: plan, then transfer, then replace what was in the way, then delete.

import AWS
import CLinux
import Glibc
import HTTP
import POSIX
import S3
import Streams

/// The parameters of a mirror.
struct MirrorRequest {
  let sides: MirrorSides
  let rules: ComparisonRules
  let filter: Filter
  let deletes: Bool
  let deletionLimit: DeletionLimit?
  let isDryRun: Bool
  /// Sorted names to look up instead of listing the sides.
  let names: [Key]?
}

@Loop
final class Mirror {
  private let context: TransferContext
  private let request: MirrorRequest
  private let reporter: Reporter
  private let transfers: MirrorTransfers
  /// Transfers obstructed by something at the target that only --delete may remove.
  private let obstructed = Spool()

  private var sides: MirrorSides { request.sides }

  init(_ context: TransferContext, _ request: MirrorRequest, _ reporter: Reporter) {
    self.context = context
    self.request = request
    self.reporter = reporter
    transfers = MirrorTransfers(context, request.sides, request.rules, request.filter)
  }

  /// Throws where nothing was done at all; failures of single items are reported and go into the status.
  func run() async throws(SyncError) {
    let plan = try await plan()
    if Task.isCancelled { throw .service(.transport(.cancelled)) }
    context.progress?.totalItems = plan.transfers.count + plan.deletions.count
    context.progress?.totalBytes = plan.transfers.totalSize
    await work(plan.transfers, replaces: false)
    if obstructed.count > 0 { await replace(isAllowed: request.deletes && mayDelete(plan)) }
    await delete(plan)
    if case .download(_, let folder) = sides, !request.isDryRun {
      // After a failure or a signal a later run may resume the remaining downloads.
      if reporter.status == .ok, !Task.isCancelled { transfers.leftovers?.removeStale() }
      if plan.transfers.count > 0 { sync(folder) }
    }
  }

  private func plan() async throws(SyncError) -> Plan {
    var ignoresCase = false
    if case .download(_, let folder) = sides, !request.isDryRun { ignoresCase = folderIgnoresCase(folder) }
    var planner = Planner(
      direction: sides.direction, rules: request.rules, filter: request.filter, deletes: request.deletes,
      ignoresCase: ignoresCase
    ) { [sides, reporter] key, error in
      reporter.failed(sides.direction.rawValue, sides.source(key), error)
    }
    if case .download(_, let folder) = sides {
      planner.isKnown = { source, target in
        guard let etag = source.etag, let listed = source.modified, let given = target.modified else { return false }
        return DownloadMark(etag: etag, listed: listed, given: given).isOn(folder + source.key.text)
      }
    }
    let (source, target) = streams()
    return try await planner.plan(source: source, target: target)
  }

  private func streams() -> (any EntryStream, any EntryStream) {
    let client = context.client
    let sourceLinks: LinkPolicy = context.options.followsSymlinks ? .follow : .skip
    func named(_ lookup: @escaping NamedEntries.Lookup) -> any EntryStream {
      NamedEntries(request.names ?? [], limit: context.options.jobs, lookup: lookup)
    }
    func objects(_ prefix: ObjectURI, isSource: Bool) -> any EntryStream {
      guard request.names != nil else { return ObjectListing(client, prefix) }
      return named { await entry(ofObject: $0, below: prefix, client, isSource: isSource) }
    }
    switch sides {
    // In place: every object is compared, regardless of its time.
    case .copy(let from, let to) where from == to: return (objects(from, isSource: true), NoEntries())
    case .copy(let from, let to): return (objects(from, isSource: true), objects(to, isSource: false))
    case .upload(let folder, let prefix):
      if request.names == nil {
        let walk = FolderWalk(root: folder, links: sourceLinks, filter: request.filter)
        return (walk, objects(prefix, isSource: false))
      }
      let files = named { .success(entry(ofFile: $0, in: folder, links: sourceLinks, isSource: true)) }
      return (files, objects(prefix, isSource: false))
    case .download(let prefix, let folder):
      let source = objects(prefix, isSource: true)
      // What does not exist yet is an empty folder.
      if unsafe access(folder, F_OK) != 0, errno == ENOENT { return (source, NoEntries()) }
      if request.names != nil {
        return (source, named { .success(entry(ofFile: $0, in: folder, links: .report, isSource: false)) })
      }
      let leftovers = transfers.leftovers
      let walk = FolderWalk(root: folder, links: .report, filter: request.filter) { leftovers?.note($0, in: $1) }
      return (source, walk)
    }
  }

  private func work(_ spool: Spool, replaces: Bool) async {
    await Loop.concurrently(min(context.options.jobs, spool.count)) { _ in
      while !Task.isCancelled, let action = self.next(of: spool) {
        await self.perform(action, replaces: replaces)
      }
    }
  }

  private func next(of spool: Spool) -> Action? {
    reporter.plan(sides.direction.rawValue) { () throws(SystemError) in try spool.next() } ?? nil
  }

  private func perform(_ action: Action, replaces: Bool) async {
    let entry = action.entry
    let (source, target) = (sides.source(entry.key), sides.target(entry.key))
    let name = sides.direction.rawValue
    do throws(SyncError) {
      if try await transfers.isCurrent(action) { return }
      if request.isDryRun {
        reporter.done(name, source, target, size: entry.size, isDryRun: true)
        return
      }
      let outcome = try await transfers.transfer(entry, replaces: replaces)
      reporter.done(name, source, target, size: entry.size, outcome)
      if case .stored(_, let verification) = outcome { context.trace(source, verification) }
    } catch {
      if Task.isCancelled { return }
      if case .obstructed = error, !replaces, request.deletes { return postpone(action) }
      reporter.failed(name, source, error)
    }
  }

  private func postpone(_ action: Action) {
    _ = reporter.plan(sides.direction.rawValue) { () throws(SystemError) in try obstructed.append(action) }
  }

  /// Files in the place of folders, and the reverse.
  private func replace(isAllowed: Bool) async {
    if isAllowed { return await work(obstructed, replaces: true) }
    while !Task.isCancelled, let action = next(of: obstructed) {
      reporter.failed(
        sides.direction.rawValue, sides.source(action.entry.key),
        .obstructed("something is in the way, and deletions are not permitted after failures or beyond --max-delete"))
    }
  }

  /// Whether everything before succeeded, and the deletions are within --max-delete.
  private func mayDelete(_ plan: Plan) -> Bool {
    guard reporter.status == .ok, !Task.isCancelled else { return false }
    return request.deletionLimit.map { plan.deletions.count <= $0.limit(ofItems: plan.targetCount) } ?? true
  }

  private func delete(_ plan: Plan) async {
    guard plan.deletions.count > 0, !Task.isCancelled else { return }
    guard reporter.status == .ok else {
      return context.warn("\(plan.deletions.count) deletions skipped, because some transfers failed")
    }
    if let limit = request.deletionLimit?.limit(ofItems: plan.targetCount), plan.deletions.count > limit {
      let place = sides.target(Key(bytes: []))
      return reporter.failed("delete", place, .tooManyDeletions(count: plan.deletions.count, limit: limit))
    }
    await Deletion(
      client: context.client, sides: sides, target: transfers.target, isDryRun: request.isDryRun, reporter: reporter
    ).run(plan.deletions)
  }

  /// Everything is on the disk before the run counts as done.
  private func sync(_ folder: String) {
    guard let descriptor = try? Descriptor(opening: folder, O_RDONLY | O_DIRECTORY) else { return }
    if syncfs(descriptor.rawValue) != 0 {
      reporter.failed("download", folder, .system(SystemError(operation: "write", object: folder)))
    }
  }
}

/// Whether a folder takes `A` and `a` for one name; asked with a file that is removed again. Of a folder that is still to
/// be created the nearest one above it says so.
private func folderIgnoresCase(_ folder: String) -> Bool {
  var folder = folder
  while !folder.isEmpty, unsafe access(folder, F_OK) != 0, errno == ENOENT { folder = parent(of: folder) }
  // Named like an unfinished download, so that the next run removes what a killed one has left.
  let name = TemporaryName.random(for: Key(bytes: [])).part
  let path = folder + name
  guard (try? Descriptor(opening: path, O_CREAT | O_EXCL | O_WRONLY, mode: 0o600).close()) != nil else { return false }
  defer { unsafe unlink(path) }
  return unsafe access(folder + name.uppercased(), F_OK) == 0
}

/// The folder that holds a folder, both with a slash at the end; empty for the current one.
private func parent(of folder: String) -> String {
  let slash = UInt8(ascii: "/")
  let name = folder.utf8.reversed().drop { $0 == slash }.drop { $0 != slash }
  return String(decoding: name.reversed(), as: UTF8.self)
}

/// A side with nothing in it.
@Loop
private final class NoEntries: EntryStream {
  func next() -> Entry? { nil }
}
