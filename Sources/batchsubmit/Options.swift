// The flags, as they are given.

import ASCII
import ArgumentParser

/// Every flag of the tool. What a flag does not say, the variable named in its help may.
struct Options: ParsableArguments {
  @Option(help: "The queue to submit to. JOB_QUEUE")
  var jobQueue: String?

  @Option(help: "The job definition: a name, name:revision or ARN. JOB_DEFINITION")
  var jobDefinition: String?

  @Option(help: "Jobs are called NAME-hash-first. JOB_NAME; classify")
  var jobName: String?

  @Option(help: "s3:// prefix that predictions go under. OUTPUT_PREFIX")
  var outputPrefix: String?

  @Option(help: "s3:// prefix that manifests go under. MANIFEST_PREFIX")
  var manifestPrefix: String?

  @Option(help: "Images of one child at most (default: five minutes' work, 3000 a vCPU).")
  var imagesPerChild: Int?

  @Option(help: "Children of one array job at most, 2 to 10000.")
  var maxArraySize = 10_000

  @Option(help: "vCPUs of a child, with --memory (default: the job definition's).")
  var vcpu: String?

  @Option(help: "Memory of a child in MiB, with --vcpu.")
  var memory: Int?

  @Option(help: "Attempts of a child, 1 to 10.")
  var attempts = 5

  @Option(help: "Seconds of one attempt, at least 60 (default: the job definition's).")
  var timeout: Int?

  @Option(help: ArgumentHelp("A tag of the jobs and their tasks; may be repeated.", valueName: "name=value"))
  var tag: [String] = []

  @Option(help: ArgumentHelp("Start after this job has succeeded; may be repeated.", valueName: "job-id"))
  var dependsOn: [String] = []

  @Option(help: ArgumentHelp("A variable for the containers; may be repeated.", valueName: "name=value"))
  var environment: [String] = []

  @Option(help: "Only keys that begin so.")
  var prefixFilter = ""

  @Option(help: "Only keys that end so, in any case; may be repeated (default: .jpg .jpeg).")
  var suffix: [String] = []

  @Flag(help: "One more job, after all children, that joins their parts into one object.")
  var merge = false

  @Flag(help: "Submit although the same images were submitted the same way before.")
  var resubmit = false

  @Flag(help: "Print the SubmitJob requests and do nothing.")
  var dryRun = false

  @Flag(help: "Print nothing but Lambda's batchItemFailures.")
  var lambdaResponse = false

  @Flag(help: "Wait until every job has ended; status 0 only if all succeeded.")
  var wait = false

  @Option(help: "Seconds to wait at most (default: as long as it takes).")
  var waitTimeout: Double?

  @Option(help: "Seconds in RUNNABLE after which the reason is shown.")
  var runnableWarning: Double = 600

  @Option(help: ArgumentHelp("Show this job's status instead of submitting; may be repeated.", valueName: "job-id"))
  var status: [String] = []

  @Option(help: ArgumentHelp("End this job and its children; may be repeated.", valueName: "job-id"))
  var cancel: [String] = []

  @Option(help: "Profile of AWS's configuration files. AWS_PROFILE")
  var profile: String?

  @Option(help: "Region. AWS_REGION")
  var region: String?

  @Option(help: ArgumentHelp("One endpoint for all services. AWS_ENDPOINT_URL", valueName: "url"))
  var endpointURL: String?

  mutating func validate() throws {
    if !status.isEmpty && !cancel.isEmpty { throw ValidationError("--status and --cancel exclude each other") }
    if lambdaResponse && (wait || dryRun || !status.isEmpty || !cancel.isEmpty) {
      throw ValidationError("--lambda-response goes with submitting alone")
    }
    if dryRun && wait { throw ValidationError("--dry-run submits nothing to --wait for") }
    if let waitTimeout, !(waitTimeout >= 0 && waitTimeout.isFinite) {
      throw ValidationError("--wait-timeout: \(waitTimeout): not a number of seconds")
    }
    guard runnableWarning >= 0 else { throw ValidationError("--runnable-warning: \(runnableWarning): negative") }
    for id in status + cancel + dependsOn where !isJobID(id) { throw ValidationError("\(id): not a job id") }
  }
}

/// Batch's ids are UUIDs, with `:index` for a child of an array.
func isJobID(_ text: String) -> Bool {
  (1...128).contains(text.utf8.count)
    && text.utf8.allSatisfy {
      $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ":")
    }
}
