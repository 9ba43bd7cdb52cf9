// Objects in, AWS Batch jobs out: what is to be classified becomes manifests, and the manifests array jobs.
//
//   batchsubmit < event.json
//   s3sync --list s3://bucket/input/ | batchsubmit --wait

import AWS
import ArgumentParser
import POSIX
import S3
import Streams

@main
struct BatchSubmit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "batchsubmit",
    abstract: "Submits images in S3 to AWS Batch: array jobs whose children classify a manifest each.",
    discussion: """
      s3sync --list s3://bucket/input/ | batchsubmit --wait    all below a prefix
      batchsubmit < event.json                                 those of an event

      Standard input is an event (S3, SQS, SNS, EventBridge) or a list: object records or s3:// URIs, one per line. \
      Defaults named in capitals are environment variables. Each submitted job is one line of JSON on standard output.

      Exit status: 0 done, 64 usage error, 65 bad input, 69 a service refused or a job failed, 74 local input or output \
      failed, 75 try again later or still running, 77 not permitted, 78 configuration.
      """,
    version: toolVersion)

  @OptionGroup var options: Options

  func run() {
    runTool("batchsubmit") {
      let output = OutputStream()
      let ids = options.existing.status + options.existing.cancel
      let jobs = Jobs(ids: ids, options: options, environment: .process, now: { Clock.monotonic.seconds })
      if !options.existing.status.isEmpty { return try jobs.tellStatus(output) }
      if !options.existing.cancel.isEmpty { return try jobs.cancel() }
      let tool = Tool(options: options, environment: .process, now: { Clock.monotonic.seconds }, output: output)
      return try tool.submit(reading: InputStream())
    }
  }
}
