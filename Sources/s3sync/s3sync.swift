// s3sync: moves objects between S3, folders and pipes.

import AWS
import ArgumentParser
import Glibc
import S3
import Streams

@main
struct Tool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "s3sync",
    abstract: "Moves objects between S3, folders and pipes.",
    discussion: """
      s3sync photos/ s3://bucket/input/        a folder to a prefix, what has changed
      s3sync s3://bucket/output/ results/      a prefix to a folder
      s3sync s3://a/x/ s3://b/y/               within S3, no byte passing here
      s3sync s3://bucket/input/ -              a prefix as a tar on standard output
      s3sync s3://bucket/key -                 one object to standard output
      s3sync - s3://bucket/key                 standard input to one object
      s3sync --files-from list -               the objects of a list as a tar
      s3sync --list s3://bucket/prefix         object records on standard output

      A file or an object (no slash at its end) is moved by itself: s3sync part.ndjson s3://bucket/output/

      Exit status: 0 done; 64 called wrongly; 65 bad input (a key that is no path); 69 the service refused, or there is \
      no such thing; 74 input or output failed; 75 try again later; 77 not permitted; 78 no credentials or bad \
      configuration. Any item that failed makes it non-zero.

      Credentials, region and endpoint are found as the AWS tools find them: environment, profiles, container, \
      instance; AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, AWS_CA_BUNDLE, AWS_MAX_ATTEMPTS and the proxies' variables.
      """,
    version: toolVersion)

  @Argument(help: ArgumentHelp("A folder or file, an s3:// URI, or - for standard input.", valueName: "source"))
  var source: String?

  @Argument(help: ArgumentHelp("A folder or file, an s3:// URI, or - for standard output.", valueName: "target"))
  var target: String?

  @OptionGroup(title: "What is moved") var selection: SelectionFlags
  @OptionGroup(title: "What objects are given") var attributes: AttributeFlags
  @OptionGroup(title: "How it is moved") var transfer: TransferFlags
  @OptionGroup(title: "Where S3 is") var connection: ConnectionFlags

  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    do {
      let tool = try parseAsRoot(Array(arguments))
      guard let tool = tool as? Tool else { exit(withError: CleanExit.helpRequest()) }
      runTool("s3sync") { try tool.work(Array(arguments)) }
    } catch {
      // Wrong flags leave with 64, help and version with 0.
      exit(withError: error)
    }
  }

  private func work(_ arguments: [String]) throws -> ExitStatus {
    let command = try Command(self, arguments)
    Interruption.install()
    let watch = Interruption.Watch()
    let everyTurn = {
      watch.look()
      command.everyTurn()
    }
    let outcome = Loop.run(connections: command.options.jobs, everyTurn: everyTurn) {
      do throws(SyncError) {
        return Result<ExitStatus, SyncError>.success(try await command.run())
      } catch {
        return .failure(error)
      }
    }
    command.progress?.clear()
    Interruption.leaveIfCome()
    return try outcome.get()
  }
}
