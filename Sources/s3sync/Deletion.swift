// --delete: what the source does not have goes from the target.

import AWS
import Glibc
import S3
import Streams

@Loop
struct Deletion {
  let client: S3.Client
  let sides: MirrorSides
  let isDryRun: Bool
  let reporter: Reporter

  func run(_ spool: Spool) async {
    var batch = [Entry]()
    while !Loop.isInterrupted {
      var next: Action?
      do throws(SystemError) {
        next = try spool.next()
      } catch {
        reporter.failed("delete", "the plan", .system(error))
        return
      }
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
    case .download(_, let folder): for entry in entries { deleteFile(folder, entry) }
    case .upload(_, let prefix), .copy(_, let prefix): await deleteObjects(prefix, entries)
    }
  }

  private func deleteObjects(_ prefix: ObjectURI, _ entries: [Entry]) async {
    if entries.isEmpty { return }
    var refused = [Key: ServiceError]()
    do throws(ServiceError) {
      let failures = try await client.delete(entries.map { object(prefix, $0.key).key }, in: prefix.bucket)
      for (key, error) in failures { refused[key] = error }
    } catch {
      for entry in entries { refused[object(prefix, entry.key).key] = error }
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

  /// Removes the file, and the folders that it leaves empty: S3 knows no empty folders.
  private func deleteFile(_ folder: String, _ entry: Entry) {
    let path = folder + entry.key.text
    guard unsafe unlink(path) == 0 || errno == ENOENT else {
      reporter.failed("delete", path, .system(SystemError(operation: "remove", object: path)))
      return
    }
    reporter.done("delete", path, nil, size: entry.size)
    var components = entry.key.text.split(separator: "/").dropLast()
    while !components.isEmpty, unsafe rmdir(folder + components.joined(separator: "/")) == 0 { components.removeLast() }
  }
}
