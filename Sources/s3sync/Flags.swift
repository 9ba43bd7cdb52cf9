// The flags, in groups as --help shows them.

import ArgumentParser
import S3

struct SelectionFlags: ParsableArguments {
  @Flag(help: "Print the records of the objects below the URI.")
  var list = false

  @Option(
    help: ArgumentHelp(
      "Object records or s3:// URIs, one a line; - is standard input. The source is left out.", valueName: "list"))
  var filesFrom: String?

  @Option(
    help: ArgumentHelp(
      "Leave out names that match; the last of all --include and --exclude that matches decides.", valueName: "pattern")
  )
  var exclude: [String] = []

  @Option(
    help: ArgumentHelp("Take names that match: * any text, ? one character, [ab] one of these.", valueName: "pattern"))
  var include: [String] = []

  @Flag(help: "Remove from the target what the source does not have.")
  var delete = false

  @Flag(help: "Say what would be done, and do nothing.")
  var dryRun = false

  @Flag(help: "Compare sizes alone.")
  var sizeOnly = false

  @Flag(help: "Compare the bytes, by entity tags and stored checksums, instead of times.")
  var checksum = false

  @Flag(inversion: .prefixedNo, help: "Take what symbolic links lead to.")
  var followSymlinks = true
}

struct AttributeFlags: ParsableArguments {
  @Option(help: ArgumentHelp("Storage class: STANDARD_IA, INTELLIGENT_TIERING, GLACIER_IR, …", valueName: "class"))
  var storageClass: String?

  @Option(help: ArgumentHelp("Encryption at rest: AES256, aws:kms or aws:kms:dsse.", valueName: "kind"))
  var sse: String?

  @Option(help: ArgumentHelp("The key for --sse aws:kms.", valueName: "id"))
  var sseKmsKeyId: String?

  @Option(help: ArgumentHelp("Content type; by default the name's extension tells.", valueName: "type"))
  var contentType: String?

  @Option(help: ArgumentHelp("Cache-Control of the objects.", valueName: "rule"))
  var cacheControl: String?

  @Option(help: ArgumentHelp("User metadata; may be given several times.", valueName: "name=value"))
  var metadata: [String] = []

  @Flag(help: "Store an object only where there is none of its name; one that is there is left alone, with status 0.")
  var ifNoneMatch = false
}

struct TransferFlags: ParsableArguments {
  @Option(help: ArgumentHelp("Transfers at once, 1 to 512.", valueName: "count"))
  var jobs = 32

  @Option(
    help: ArgumentHelp(
      "Bytes of a part, with K, M or G; at least 5M. Default 16M; down up to 64M; within S3 256M.", valueName: "size"))
  var partSize: String?

  @Option(help: ArgumentHelp("Bytes that a tar's objects may hold in memory.", valueName: "size"))
  var readAhead = "64M"

  @Option(help: ArgumentHelp("A larger object is an error record in a tar.", valueName: "size"))
  var maxObject = "64M"

  @Flag(help: "Leave with 65 where a tar holds an error record.")
  var strict = false

  @Flag(help: "Write each download to the disk before it gets its name; by default all at the end.")
  var fsync = false

  @Flag(help: "Print a JSON object a line for each item.")
  var json = false

  @Flag(name: .shortAndLong, help: "Print failures alone.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "Print each request, its answer and its retries on standard error; no secrets.")
  var verbose = false
}

struct ConnectionFlags: ParsableArguments {
  @Option(
    help: ArgumentHelp("A profile of ~/.aws/config; goes before the environment's credentials.", valueName: "name"))
  var profile: String?

  @Option(help: ArgumentHelp("The bucket's region; found out where it is another.", valueName: "name"))
  var region: String?

  @Option(help: ArgumentHelp("Where the service is, if not at AWS.", valueName: "url"))
  var endpointURL: String?

  @Flag(help: "The caller pays for requests and transfer.")
  var requesterPays = false

  @Flag(help: "Send requests unsigned, for public buckets.")
  var noSignRequest = false
}

/// Reads `64M`, `1G`, `512K`, `1048576`; nil where it is not that.
func byteCount(_ text: String) -> Int64? {
  let shifts: [Character: Int64] = ["K": 10, "M": 20, "G": 30, "T": 40]
  let shift = text.last.flatMap { shifts[Character($0.uppercased())] }
  guard let number = Int64(shift == nil ? text[...] : text.dropLast()), number > 0 else { return nil }
  let (value, overflow) = number.multipliedReportingOverflow(by: 1 << (shift ?? 0))
  return overflow ? nil : value
}

/// The filters in the order in which they stand on the command line, which the parser keeps for each flag alone.
func filter(arguments: [String]) -> Filter {
  var filter = Filter()
  var rest = arguments[...]
  while let argument = rest.popFirst() {
    if argument == "--" { break }
    for (flag, includes) in [("--include", true), ("--exclude", false)] {
      if argument == flag, let pattern = rest.popFirst() {
        filter.rules.append(Filter.Rule(includes: includes, glob: Glob(pattern)))
      } else if argument.hasPrefix(flag + "=") {
        filter.rules.append(Filter.Rule(includes: includes, glob: Glob(String(argument.dropFirst(flag.count + 1)))))
      }
    }
  }
  return filter
}
