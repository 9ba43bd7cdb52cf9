// `credential_process`: a program prints credentials as JSON.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html

import FoundationEssentials

struct ProcessCredentials {
  let environment: SystemEnvironment
  let command: String

  func load() throws(CredentialsError) -> Credentials {
    struct Answer: Decodable {
      let version: Int
      enum CodingKeys: String, CodingKey { case version = "Version" }
    }
    let (status, output) = environment.run(command)
    guard status == 0 else {
      throw .refused(source: "credential_process", reason: "the program left with status \(status)")
    }
    guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(output)), answer.version == 1 else {
      throw .malformed(source: "credential_process")
    }
    return try credentials(json: output, source: "credential_process")
  }
}
