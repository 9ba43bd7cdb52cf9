// `credential_process`: runs a program that prints credentials as JSON.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html

import FoundationEssentials

/// Not a `CredentialsSource`: a profile names it, and `ProfileCredentials` then requires its credentials.
struct ProcessCredentials {
  let environment: SystemEnvironment
  let command: String

  func load() throws(CredentialsError) -> Credentials {
    struct Output: Decodable {
      let version: Int
      enum CodingKeys: String, CodingKey { case version = "Version" }
    }
    let (status, output) = environment.run(command)
    guard status == 0 else {
      throw .refused(source: "credential_process", reason: "the program exited with status \(status)")
    }
    guard let decoded = try? JSONDecoder().decode(Output.self, from: Data(output)), decoded.version == 1 else {
      throw .malformed(source: "credential_process")
    }
    return try credentials(json: output, source: "credential_process")
  }
}
