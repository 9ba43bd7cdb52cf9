// --list: an object record a line.

import AWS
import S3
import Streams

/// Prints the records of everything whose key begins so, page by page.
@Loop
func printListing(_ client: S3.Client, _ root: ObjectURI, filter: Filter) async throws(SyncError) {
  let listing = ObjectListing(client, root)
  let output = OutputStream()
  while let object = try await listing.nextObject() {
    guard filter.admits(object.key.droppingFirst(root.key.bytes.count)) else { continue }
    do throws(SystemError) {
      try output.write(object.line)
    } catch {
      throw .system(error)
    }
  }
  do throws(SystemError) {
    try output.close()
  } catch {
    throw .system(error)
  }
}
