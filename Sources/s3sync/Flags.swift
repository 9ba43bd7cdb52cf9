// The flags, in groups as --help shows them.

import ArgumentParser
import S3

struct SelectionFlags: ParsableArguments {
  @Flag(help: "Print the records of the objects below the URI; of all buckets without one.")
  var list = false

  @Option(
    help: ArgumentHelp("With --list: group keys by the text up to the next delimiter.", valueName: "text"))
  var delimiter: String?

  @Option(
    help: ArgumentHelp(
      "One per line: object records or s3:// URIs for a tar; names relative to the source with a source and a target. - is standard input.",
      valueName: "list"))
  var filesFrom: String?

  @Option(
    help: ArgumentHelp(
      "Leave out names that match; the last matching pattern of all --include and --exclude decides.",
      valueName: "pattern"), transform: FilterFlag.excluding)
  var exclude: [FilterFlag] = []

  @Option(
    help: ArgumentHelp("Take names that match: * any text, ? one character, [ab] one of these.", valueName: "pattern"),
    transform: FilterFlag.including)
  var include: [FilterFlag] = []

  @Option(
    help: ArgumentHelp(
      "Patterns for --exclude, one per line; empty lines and lines that begin with # are ignored.", valueName: "file"),
    transform: FilterFlag.excludingFrom)
  var excludeFrom: [FilterFlag] = []

  @Option(
    help: ArgumentHelp("Patterns for --include, one per line.", valueName: "file"), transform: FilterFlag.includingFrom)
  var includeFrom: [FilterFlag] = []

  @Flag(help: "Remove from the target what the source does not have, only if all transfers succeeded.")
  var delete = false

  @Option(
    help: ArgumentHelp(
      "Delete nothing if --delete would remove more than N items, or N% of the target: 100, 10%.",
      valueName: "count"))
  var maxDelete: String?

  @Flag(help: "Print what would be done, and do nothing.")
  var dryRun = false

  @Flag(help: "Compare sizes only.")
  var sizeOnly = false

  @Flag(help: "Compare the bytes, by entity tags and stored checksums, instead of times.")
  var checksum = false

  @Flag(help: "Skip items that are newer at the target.")
  var update = false

  @Flag(help: "Skip items that exist at the target.")
  var noOverwrite = false

  @Flag(inversion: .prefixedNo, help: "Whether symbolic links of a source are followed; those of a target never are.")
  var followSymlinks = true
}

struct AttributeFlags: ParsableArguments {
  @Option(help: ArgumentHelp("Storage class: STANDARD_IA, INTELLIGENT_TIERING, GLACIER_IR, …", valueName: "class"))
  var storageClass: String?

  @Option(help: ArgumentHelp("Encryption at rest: AES256, aws:kms or aws:kms:dsse.", valueName: "kind"))
  var sse: String?

  @Option(help: ArgumentHelp("The key for --sse aws:kms.", valueName: "id"))
  var sseKmsKeyId: String?

  @Option(help: ArgumentHelp("Content type; by default it follows from the name's extension.", valueName: "type"))
  var contentType: String?

  @Option(help: ArgumentHelp("Content-Encoding of the objects.", valueName: "coding"))
  var contentEncoding: String?

  @Option(help: ArgumentHelp("Content-Disposition of the objects.", valueName: "value"))
  var contentDisposition: String?

  @Option(help: ArgumentHelp("Cache-Control of the objects.", valueName: "rule"))
  var cacheControl: String?

  @Option(help: ArgumentHelp("User metadata; may be repeated.", valueName: "name=value"))
  var metadata: [String] = []

  @Option(help: ArgumentHelp("Object tags, at most ten; may be repeated.", valueName: "name=value"))
  var tags: [String] = []

  @Flag(help: "Write only objects that do not exist; existing ones are left unchanged, with status 0.")
  var ifNoneMatch = false

  @Flag(help: "Neither store modification times in metadata (mtime) nor take them from there.")
  var noMtime = false

  @Flag(help: "Store permissions in metadata (mode), and give them to downloaded files.")
  var preserveMode = false
}

struct TransferFlags: ParsableArguments {
  @Option(help: ArgumentHelp("Concurrent transfers, 1 to 512.", valueName: "count"))
  var jobs = 32

  @Option(
    help: ArgumentHelp(
      "Part size, at least 5M: 8M, 8MB, 8MiB (default: 16M; downloads up to 64M; copies 256M).",
      valueName: "size"))
  var partSize: String?

  @Option(help: ArgumentHelp("Bytes of objects that may be held in memory on the way to a stream.", valueName: "size"))
  var readAhead = "64M"

  @Option(
    help: ArgumentHelp(
      "Larger objects are not fetched ahead for a tar but streamed when their turn comes.", valueName: "size"))
  var maxObject = "64M"

  @Option(help: ArgumentHelp("Maximum bytes per second of all transfers together.", valueName: "size"))
  var limitRate: String?

  @Flag(help: "Exit with 65 where a tar contains an error record.")
  var strict = false

  @Flag(help: "Verify multipart uploads too, by the MD5 of their parts, and uploads by what is stored.")
  var verify = false

  @Flag(help: "Sync each download to the disk before renaming it (default: all at the end).")
  var fsync = false

  @Flag(help: "Print one JSON object per item and line.")
  var json = false

  @Flag(name: .shortAndLong, help: "Print failures only.")
  var quiet = false

  @Flag(
    name: .shortAndLong,
    help: "Print each request, response and retry, and how each object was verified, on standard error; no secrets.")
  var verbose = false
}

struct ConnectionFlags: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A profile of ~/.aws/config; takes precedence over the environment's credentials.", valueName: "name"))
  var profile: String?

  @Option(help: ArgumentHelp("The bucket's region; corrected by the service's answer.", valueName: "name"))
  var region: String?

  @Option(help: ArgumentHelp("The service's endpoint, if not AWS.", valueName: "url"))
  var endpointURL: String?

  @Flag(help: "Requester pays: the caller is charged for requests and transfer.")
  var requesterPays = false

  @Flag(help: "Send requests unsigned, for public buckets.")
  var noSignRequest = false
}
