// What a mirror makes equal: two folders or prefixes, and the names of what is in them.

import S3

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
