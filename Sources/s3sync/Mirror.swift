// A folder or a prefix made equal to another: plan, then transfer, then delete.

import AWS
import CLinux
import Glibc
import HTTP
import S3
import Streams

/// The two sides of a mirror; at least one is in S3. Paths end in a slash, keys do or are empty.
enum MirrorSides: Sendable {
  case upload(folder: String, prefix: ObjectURI)
  case download(prefix: ObjectURI, folder: String)
  case copy(from: ObjectURI, to: ObjectURI)

  var direction: Direction {
    switch self {
    case .upload: .upload
    case .download: .download
    case .copy: .copy
    }
  }

  func source(_ key: Key) -> String {
    switch self {
    case .upload(let folder, _): folder + key.text
    case .download(let prefix, _), .copy(let prefix, _): object(prefix, key).description
    }
  }

  func target(_ key: Key) -> String {
    switch self {
    case .upload(_, let prefix), .copy(_, let prefix): object(prefix, key).description
    case .download(_, let folder): folder + key.text
    }
  }
}

/// The object of a key relative to a prefix.
func object(_ prefix: ObjectURI, _ key: Key) -> ObjectURI {
  ObjectURI(bucket: prefix.bucket, key: prefix.key.appending(key))
}

@Loop
struct Mirror {
  let client: S3.Client
  let sides: MirrorSides
  let options: TransferOptions
  let comparison: Comparison
  let filter: Filter
  let deletes: Bool
  let isDryRun: Bool
  let reporter: Reporter
  let progress: Progress?

  /// Throws where nothing was done at all; failures of single items are reported and go into the status.
  func run() async throws(SyncError) {
    let (source, target) = try streams()
    var ignoresCase = false
    if case .download(_, let folder) = sides, !isDryRun { ignoresCase = folderIgnoresCase(folder) }
    let planner = Planner(
      direction: sides.direction, comparison: comparison, filter: filter, deletes: deletes, ignoresCase: ignoresCase
    ) { key, error in
      reporter.failed(sides.direction.rawValue, sides.source(key), error)
    }
    let plan = try await planner.plan(source: source, target: target)
    if Loop.isInterrupted { throw .service(.transport(.cancelled)) }
    progress?.totalItems = plan.transfers.count + plan.deletions.count
    progress?.totalBytes = plan.transfers.totalSize

    var workers = [Task<Void, Never>]()
    for _ in 0..<min(options.jobs, plan.transfers.count) {
      workers.append(Task { @Loop in await work(plan.transfers) })
    }
    for worker in workers { await worker.value }
    await Deletion(client: client, sides: sides, isDryRun: isDryRun, reporter: reporter).run(plan.deletions)
    if case .download(_, let folder) = sides, !isDryRun, plan.transfers.count > 0 { sync(folder) }
  }

  private func streams() throws(SyncError) -> (any EntryStream, any EntryStream) {
    switch sides {
    case .upload(let folder, let prefix):
      return (FolderWalk(root: folder, followsSymlinks: options.followsSymlinks), ObjectListing(client, prefix))
    case .copy(let from, let to): return (ObjectListing(client, from), ObjectListing(client, to))
    case .download(let prefix, let folder):
      // What is not there yet is an empty folder.
      if unsafe access(folder, F_OK) != 0, errno == ENOENT { return (ObjectListing(client, prefix), NoEntries()) }
      let walk = FolderWalk(root: folder, followsSymlinks: options.followsSymlinks) { path in
        if !isDryRun { TemporaryFile.removeIfStale(path) }
      }
      return (ObjectListing(client, prefix), walk)
    }
  }

  private func work(_ spool: Spool) async {
    while !Loop.isInterrupted {
      do throws(SystemError) {
        guard let action = try spool.next() else { return }
        await perform(action)
      } catch {
        reporter.failed(sides.direction.rawValue, "the plan", .system(error))
        return
      }
    }
  }

  private func perform(_ action: Action) async {
    let entry = action.entry
    let (source, target) = (sides.source(entry.key), sides.target(entry.key))
    let name = sides.direction.rawValue
    do throws(SyncError) {
      if action.kind == .compareBytes, try await isEqual(action) { return }
      if isDryRun {
        reporter.done(name, source, target, size: entry.size, isDryRun: true)
        return
      }
      switch try await transfer(entry) {
      case .stored(let size): reporter.done(name, source, target, size: size)
      case .exists: reporter.done(name, source, target, size: entry.size, skipped: "it exists")
      }
    } catch {
      if Loop.isInterrupted { return }
      reporter.failed(name, source, error)
    }
  }

  private func transfer(_ entry: Entry) async throws(SyncError) -> StoreOutcome {
    switch sides {
    case .upload(let folder, let prefix):
      let upload = Upload(client: client, options: options, progress: progress)
      let object = object(prefix, entry.key)
      guard object.key.bytes.count <= Key.maximumLength else { throw .unsafeKey("a key of more than 1,024 bytes") }
      return try await upload.run(folder + entry.key.text, to: object)
    case .download(let prefix, let folder):
      let path = folder + entry.key.text
      if !options.followsSymlinks, let link = firstLink(folder, entry.key) {
        throw .unsafeKey("\(link) is a symbolic link")
      }
      let download = Download(client: client, options: options, progress: progress)
      try await download.run(object(prefix, entry.key), entry, to: path)
      return .stored(size: entry.size)
    case .copy(let from, let to):
      let copy = ObjectCopy(client: client, options: options, progress: progress)
      let target = object(to, entry.key)
      guard target.key.bytes.count <= Key.maximumLength else { throw .unsafeKey("a key of more than 1,024 bytes") }
      return try await copy.run(object(from, entry.key), entry, to: target)
    }
  }

  private func isEqual(_ action: Action) async throws(SyncError) -> Bool {
    let entry = action.entry
    let comparison = ContentComparison(client: client, options: options)
    switch sides {
    case .upload(let folder, let prefix):
      return try await comparison.isEqual(
        file: folder + entry.key.text, size: entry.size, object: object(prefix, entry.key), etag: action.targetTag)
    case .download(let prefix, let folder):
      return try await comparison.isEqual(
        file: folder + entry.key.text, size: entry.size, object: object(prefix, entry.key), etag: entry.etag)
    case .copy(let from, let to):
      return try await comparison.isEqual(
        object(from, entry.key), entry.etag, object(to, entry.key), action.targetTag)
    }
  }

  /// Everything is on the disk before the run is called done.
  private func sync(_ folder: String) {
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    if syncfs(descriptor) != 0 {
      reporter.failed("download", folder, .system(SystemError(operation: "write", object: folder)))
    }
  }
}

/// The first folder on the way to a file that is a symbolic link, below the root.
private func firstLink(_ root: String, _ key: Key) -> String? {
  var path = root
  for component in key.text.split(separator: "/").dropLast() {
    path += component
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return nil }
    if status.st_mode & S_IFMT == S_IFLNK { return path }
    path += "/"
  }
  return nil
}

/// Whether a folder takes `A` and `a` for one name; asked with a file that is removed again.
private func folderIgnoresCase(_ folder: String) -> Bool {
  let digits = String(UInt64(getpid()), radix: 16)
  // Called like an unfinished download, so that the next run removes what a killed one has left.
  let name = ".s3sync-" + String(repeating: "0", count: 16 - digits.utf8.count) + digits + ".part"
  let path = folder + name
  let descriptor = unsafe open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
  guard descriptor >= 0 else { return false }
  close(descriptor)
  defer { unsafe unlink(path) }
  return unsafe access(folder + name.uppercased(), F_OK) == 0
}

/// A side with nothing in it.
@Loop
private final class NoEntries: EntryStream {
  func next() -> Entry? { nil }
}
