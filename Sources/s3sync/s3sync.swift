// s3sync: moves objects between S3, folders and pipes.

import AWS
import ArgumentParser
import Glibc
import HTTP
import S3
import Streams

@main
struct Tool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "s3sync",
    abstract: "Copies objects between S3, folders and pipes.",
    discussion: """
      s3sync photos/ s3://bucket/input/        a folder to a prefix: what has changed
      s3sync s3://bucket/output/ results/      a prefix to a folder
      s3sync s3://a/x/ s3://b/y/               within S3, by server-side copies
      s3sync --storage-class STANDARD_IA s3://a/x/ s3://a/x/    in place
      s3sync s3://bucket/input/ -              a prefix as a tar on standard output
      s3sync s3://bucket/key -                 one object to standard output
      s3sync - s3://bucket/key                 standard input to one object
      s3sync --files-from list -               the objects of a list as a tar
      s3sync --files-from list photos/ s3://bucket/input/    the files of a list
      s3sync --list s3://bucket/prefix/        object records on standard output
      s3sync --list                            all buckets

      A file or an object (no slash at its end) is copied by itself: s3sync part.ndjson s3://bucket/output/. \
      FIFOs and character devices are streams, as - is.

      Exit status: 0 done; 64 usage error; 65 bad input (a key that is not a valid path); 69 the service refused, or there is \
      no such object; 74 input or output failed; 75 try again later; 77 not permitted; 78 no credentials or invalid \
      configuration. Any item that failed makes it non-zero.

      Credentials, region and endpoint are found as the AWS tools find them: environment, profiles, container, \
      instance; AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, AWS_CA_BUNDLE and the variables of proxies.

      A call is tried up to eight times, less where a complete outage lasts 17 seconds. AWS_MAX_ATTEMPTS and \
      AWS_RETRY_MODE (standard, adaptive, legacy) are obeyed. AWS_REQUEST_CHECKSUM_CALCULATION=when_required sends no \
      checksum headers, for stores that refuse them; AWS_RESPONSE_CHECKSUM_VALIDATION=when_required does not ask for \
      stored checksums.
      """,
    version: toolVersion)

  @Argument(help: ArgumentHelp("A folder or file, an s3:// URI, or - for standard input.", valueName: "source"))
  var source: String?

  @Argument(help: ArgumentHelp("A folder or file, an s3:// URI, or - for standard output.", valueName: "target"))
  var target: String?

  @OptionGroup(title: "Selection") var selection: SelectionFlags
  @OptionGroup(title: "Attributes of objects") var attributes: AttributeFlags
  @OptionGroup(title: "Transfer and output") var transfer: TransferFlags
  @OptionGroup(title: "Connection") var connection: ConnectionFlags

  static func main() {
    do {
      guard let tool = try parseAsRoot() as? Tool else { exit(withError: CleanExit.helpRequest()) }
      runTool("s3sync") { try tool.work() }
    } catch {
      // Wrong flags exit with 64, help and version with 0.
      exit(withError: error)
    }
  }

  private func work() throws -> ExitStatus {
    let command = try Command(self)
    Interruption.install()
    let watch = Interruption.Watch()
    let everyTurn = {
      watch.check()
      command.everyTurn()
      return Interruption.isRequested
    }
    let outcome = Loop.run(connections: command.options.jobs, everyTurn: everyTurn) {
      await Result { () async throws(SyncError) in try await command.run() }
    }
    command.progress?.clear()
    Interruption.endIfRequested()
    return try outcome.get()
  }
}
