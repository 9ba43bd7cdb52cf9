// The flags, in groups as --help shows them.

import ASCII
import ArgumentParser

/// Every flag of the tool. What a flag does not say, the variable named in its help may.
struct Options: ParsableArguments {
  @OptionGroup(title: "Destination") var destination: DestinationFlags
  @OptionGroup(title: "Selection") var selection: SelectionFlags
  @OptionGroup(title: "Jobs") var jobs: JobFlags
  @OptionGroup(title: "Running") var running: RunningFlags
  @OptionGroup(title: "Existing jobs") var existing: ExistingJobFlags
  @OptionGroup(title: "Connection") var connection: ConnectionFlags

  mutating func validate() throws {
    let inspects = !existing.status.isEmpty || !existing.cancel.isEmpty
    if !existing.status.isEmpty && !existing.cancel.isEmpty {
      throw ValidationError("--status and --cancel cannot be combined")
    }
    if running.lambdaResponse && (running.wait || running.dryRun || inspects) {
      throw ValidationError("--lambda-response is only for submitting")
    }
    for id in existing.status + existing.cancel + jobs.dependsOn where !isJobID(id) {
      throw ValidationError("\(id): not a job id")
    }
  }
}

/// Where jobs are submitted and results are written.
struct DestinationFlags: ParsableArguments {
  @Option(help: "The queue to submit to (default: JOB_QUEUE).")
  var jobQueue: String?

  @Option(help: "The job definition: a name, name:revision or ARN (default: JOB_DEFINITION).")
  var jobDefinition: String?

  @Option(help: ArgumentHelp("s3:// prefix of the predictions (default: OUTPUT_PREFIX).", valueName: "uri"))
  var outputPrefix: String?

  @Option(help: ArgumentHelp("s3:// prefix of the manifests (default: MANIFEST_PREFIX).", valueName: "uri"))
  var manifestPrefix: String?
}

/// Which objects are images.
struct SelectionFlags: ParsableArguments {
  @Option(help: ArgumentHelp("Only keys with this prefix.", valueName: "prefix"))
  var prefixFilter = ""

  @Option(
    help: ArgumentHelp(
      "Only keys with this suffix, ignoring case; may be repeated (default: .jpg .jpeg).", valueName: "suffix"))
  var suffix: [String] = []
}

/// What each job is.
struct JobFlags: ParsableArguments {
  @Option(help: "The beginning of the jobs' names; a hash of the images follows (default: JOB_NAME, else classify).")
  var jobName: String?

  @Option(
    help: ArgumentHelp("Maximum images of one child (default: five minutes' work, 3000 a vCPU).", valueName: "count"))
  var imagesPerChild: Int?

  @Option(help: ArgumentHelp("Maximum children of one array job, 2 to 10000.", valueName: "count"))
  var maxArraySize = 10_000

  @Option(help: ArgumentHelp("vCPUs of a child, with --memory (default: the job definition's).", valueName: "count"))
  var vcpu: String?

  @Option(help: ArgumentHelp("Memory of a child, with --vcpu.", valueName: "MiB"))
  var memory: Int?

  @Option(help: ArgumentHelp("Attempts of a child, 1 to 10.", valueName: "count"))
  var attempts = 5

  @Option(
    help: ArgumentHelp("Time limit of one attempt, at least 60 (default: the job definition's).", valueName: "seconds"))
  var timeout: Int?

  @Option(help: ArgumentHelp("A tag of the jobs and their tasks; may be repeated.", valueName: "name=value"))
  var tag: [String] = []

  @Option(help: ArgumentHelp("A variable for the containers; may be repeated.", valueName: "name=value"))
  var environment: [String] = []

  @Option(help: ArgumentHelp("Start after this job has succeeded; may be repeated.", valueName: "job-id"))
  var dependsOn: [String] = []

  @Flag(help: "One more job, after all children, that joins their parts into one object.")
  var merge = false
}

/// What is done with the batch.
struct RunningFlags: ParsableArguments {
  @Flag(help: "Submit even if the same images were submitted in the same way before.")
  var resubmit = false

  @Flag(help: "Print the SubmitJob requests and do nothing.")
  var dryRun = false

  @Flag(help: "Wait until every job has ended; status 0 only if all succeeded.")
  var wait = false

  @Option(help: ArgumentHelp("Maximum time to wait (default: no limit).", valueName: "seconds"))
  var waitTimeout: Double?

  @Option(
    help: ArgumentHelp("Time in RUNNABLE after which the reason is reported (default: 600).", valueName: "seconds"))
  var runnableWarning: Double = 600

  @Flag(help: "Print Lambda's batchItemFailures alone, for a function that SQS invokes.")
  var lambdaResponse = false

  mutating func validate() throws {
    if dryRun && wait { throw ValidationError("--dry-run submits nothing to --wait for") }
    if let waitTimeout, !(waitTimeout >= 0 && waitTimeout.isFinite) {
      throw ValidationError("--wait-timeout: \(waitTimeout): not a number of seconds")
    }
    guard runnableWarning >= 0 else { throw ValidationError("--runnable-warning: \(runnableWarning): negative") }
  }
}

/// Jobs that were submitted before.
struct ExistingJobFlags: ParsableArguments {
  @Option(help: ArgumentHelp("Show this job's status instead of submitting; may be repeated.", valueName: "job-id"))
  var status: [String] = []

  @Option(help: ArgumentHelp("End this job and its children; may be repeated.", valueName: "job-id"))
  var cancel: [String] = []
}

/// Where the services are.
struct ConnectionFlags: ParsableArguments {
  @Option(help: ArgumentHelp("Profile of AWS's configuration files (default: AWS_PROFILE).", valueName: "name"))
  var profile: String?

  @Option(help: ArgumentHelp("Region (default: AWS_REGION, else the profile's).", valueName: "name"))
  var region: String?

  @Option(help: ArgumentHelp("One endpoint for all services (default: AWS_ENDPOINT_URL).", valueName: "url"))
  var endpointURL: String?
}

/// Batch's ids are UUIDs, with `:index` for a child of an array.
func isJobID(_ text: String) -> Bool {
  (1...128).contains(text.utf8.count)
    && text.utf8.allSatisfy {
      $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ":")
    }
}
