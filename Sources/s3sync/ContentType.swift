// Media types by file name: https://www.iana.org/assignments/media-types

/// The media type for a name's extension; nil for an unknown or ambiguous extension.
func contentType(ofName name: String) -> String? {
  let file = Array(lastName(name).utf8)
  guard let dot = file.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return nil }
  return types[String(decoding: file[(dot + 1)...], as: UTF8.self).lowercased()]
}

private let types = [
  "avif": "image/avif", "bmp": "image/bmp", "bz2": "application/x-bzip2", "c": "text/plain", "css": "text/css",
  "csv": "text/csv", "gif": "image/gif", "gz": "application/gzip", "heic": "image/heic", "htm": "text/html",
  "html": "text/html", "ico": "image/vnd.microsoft.icon", "jpe": "image/jpeg", "jpeg": "image/jpeg",
  "jpg": "image/jpeg", "js": "text/javascript", "json": "application/json", "jsonl": "application/x-ndjson",
  "log": "text/plain", "md": "text/markdown", "mjs": "text/javascript", "mov": "video/quicktime", "mp3": "audio/mpeg",
  "mp4": "video/mp4", "ndjson": "application/x-ndjson", "oga": "audio/ogg", "ogg": "audio/ogg", "otf": "font/otf",
  "parquet": "application/vnd.apache.parquet", "pdf": "application/pdf", "png": "image/png", "rtf": "application/rtf",
  "svg": "image/svg+xml", "tar": "application/x-tar", "tgz": "application/gzip", "tif": "image/tiff",
  "tiff": "image/tiff", "tsv": "text/tab-separated-values", "ttf": "font/ttf", "txt": "text/plain",
  "wasm": "application/wasm", "wav": "audio/wav", "webm": "video/webm", "webmanifest": "application/manifest+json",
  "webp": "image/webp", "woff": "font/woff", "woff2": "font/woff2", "xhtml": "application/xhtml+xml",
  "xml": "text/xml", "xz": "application/x-xz", "yaml": "application/yaml", "yml": "application/yaml",
  "zip": "application/zip", "zst": "application/zstd",
]
