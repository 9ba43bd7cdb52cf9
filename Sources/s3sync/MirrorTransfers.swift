// One item of a mirror: whether it is current after all, and its transfer.

import AWS
import Glibc
import HTTP
import S3
import Streams

@Loop
struct MirrorTransfers {
  private let context: TransferContext
  private let sides: MirrorSides
  private let rules: ComparisonRules
  private let filter: Filter
  /// Of a download.
  let target: TargetFolder?
  let leftovers: Leftovers?

  init(_ context: TransferContext, _ sides: MirrorSides, _ rules: ComparisonRules, _ filter: Filter) {
    self.context = context
    self.sides = sides
    self.rules = rules
    self.filter = filter
    if case .download(_, let folder) = sides {
      let target = TargetFolder(folder)
      self.target = target
      leftovers = Leftovers(in: target, context)
    } else {
      target = nil
      leftovers = nil
    }
  }

  /// Whether the target has the item already, where the plan could not tell.
  func isCurrent(_ action: Action) async throws(SyncError) -> Bool {
    switch action.kind {
    case .transfer, .delete: return false
    case .compareTimes: return try await hasFileTime(action.entry)
    case .compareBytes: return try await hasBytes(action)
    }
  }

  private func hasFileTime(_ entry: Entry) async throws(SyncError) -> Bool {
    guard case .download(let prefix, let folder) = sides,
      let target = s3sync.entry(ofFile: entry.key, in: folder, links: .report, isSource: false), target.kind == .item
    else { return false }
    let description = try await call { () async throws(ServiceError) in
      try await context.client.head(GetRequest(object(prefix, entry.key), ifMatch: entry.etag))
    }
    let time = description.fileModified
    guard decide(source: entry, fileTime: time, target: target, rules: rules) == .skip else { return false }
    if let time, let modified = target.modified, compare(time, modified) == 0, let etag = entry.etag,
      let listed = entry.modified
    {
      DownloadMark(etag: etag, listed: listed, given: modified).write(to: folder + entry.key.text)
    }
    return true
  }

  private func hasBytes(_ action: Action) async throws(SyncError) -> Bool {
    let entry = action.entry
    let comparison = ContentComparison(context: context)
    switch sides {
    case .upload(let folder, let prefix):
      return try await comparison.isEqual(
        file: folder + entry.key.text, size: entry.size, object: object(prefix, entry.key), etag: action.targetTag)
    case .download(let prefix, let folder):
      return try await comparison.isEqual(
        file: folder + entry.key.text, size: entry.size, object: object(prefix, entry.key), etag: entry.etag,
        followsSymlinks: false)
    case .copy(let from, let to):
      return try await comparison.isEqual(
        object(from, entry.key), entry.etag, object(to, entry.key), action.targetTag)
    }
  }

  /// - Parameter replaces: what is in the way in a target folder is removed, if --delete would remove it.
  func transfer(_ entry: Entry, replaces: Bool) async throws(SyncError) -> StoreOutcome {
    switch sides {
    case .upload(let folder, let prefix):
      return try await Upload(context: context).run(folder + entry.key.text, to: try valid(object(prefix, entry.key)))
    case .download(let prefix, _):
      guard let target, let leftovers else { preconditionFailure("downloads have a target folder") }
      var download = Download(
        context: context, target: target, leftovers: leftovers, isDurable: context.options.isDurable)
      if replaces { download.removeFolder = { (key) throws(SyncError) in try removeFolder(key) } }
      let verification = try await download.run(object(prefix, entry.key), entry, as: entry.key)
      return .stored(size: entry.size, verification)
    case .copy(let from, let to):
      return try await ObjectCopy(context: context).run(
        object(from, entry.key), entry, to: try valid(object(to, entry.key)))
    }
  }

  private func valid(_ object: ObjectURI) throws(SyncError) -> ObjectURI {
    guard object.key.bytes.count <= Key.maximumLength else { throw .unsafeKey("a key of more than 1,024 bytes") }
    return object
  }

  /// Removes the files below a folder at the target, for a file that takes its place; nothing where some of them are
  /// excluded or are not regular files.
  private func removeFolder(_ key: Key) throws(SyncError) {
    guard case .download(_, let folder) = sides, let target else { return }
    let below = Key(bytes: key.bytes + [UInt8(ascii: "/")])
    var files = [Key]()
    let walk = FolderWalk(root: folder + key.text, links: .report)
    while let entry = try walk.next() {
      let file = below.appending(entry.key)
      guard entry.kind == .item, filter.admits(file) else {
        throw .obstructed("\(folder)\(file.text) is in the way, and --delete does not remove it")
      }
      files.append(file)
    }
    for file in files { try target.remove(file) }
  }
}
