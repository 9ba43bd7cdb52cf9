// --delete: removes from the target what the source does not have.

import AWS
import HTTP
import S3
import Streams

@Loop
struct Deletion {
  let client: S3.Client
  let sides: MirrorSides
  /// Of a download.
  let target: TargetFolder?
  let isDryRun: Bool
  let reporter: Reporter

  func run(_ spool: Spool) async {
    var batch = [Entry]()
    while !Task.isCancelled {
      guard let next = reporter.plan("delete", { () throws(SystemError) in try spool.next() }) else { return }
      if let entry = next?.entry { batch.append(entry) }
      if batch.count == S3.Client.maximumDeleteCount || next == nil {
        await delete(batch)
        batch.removeAll()
      }
      if next == nil { return }
    }
  }

  private func delete(_ entries: [Entry]) async {
    if isDryRun {
      for entry in entries { reporter.done("delete", sides.target(entry.key), nil, size: entry.size, isDryRun: true) }
      return
    }
    switch sides {
    case .download: for entry in entries { deleteFile(entry) }
    case .upload(_, let prefix), .copy(_, let prefix): await deleteObjects(prefix, entries)
    }
  }

  private func deleteObjects(_ prefix: ObjectURI, _ entries: [Entry]) async {
    if entries.isEmpty { return }
    var refused = [Key: ServiceError]()
    for (key, error) in await client.delete(entries.map { object(prefix, $0.key).key }, in: prefix.bucket) {
      refused[key] = error
    }
    for entry in entries {
      let object = object(prefix, entry.key)
      if let error = refused[object.key] {
        reporter.failed("delete", object.description, .service(error))
      } else {
        reporter.done("delete", object.description, nil, size: entry.size)
      }
    }
  }

  private func deleteFile(_ entry: Entry) {
    do throws(SyncError) {
      try target?.remove(entry.key)
      reporter.done("delete", sides.target(entry.key), nil, size: entry.size)
    } catch {
      reporter.failed("delete", sides.target(entry.key), error)
    }
  }
}
