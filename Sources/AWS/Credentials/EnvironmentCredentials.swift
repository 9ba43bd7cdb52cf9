// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.

struct EnvironmentCredentials: CredentialsSource {
  let environment: SystemEnvironment

  func load() throws(CredentialsError) -> Credentials? {
    guard let identifier = environment.variable("AWS_ACCESS_KEY_ID") else { return nil }
    guard let secret = environment.variable("AWS_SECRET_ACCESS_KEY") else {
      throw .configuration(source: "environment", reason: "AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not")
    }
    let result = Credentials(
      accessKeyID: identifier, secretAccessKey: secret, sessionToken: environment.variable("AWS_SESSION_TOKEN"))
    guard result.isWellFormed else { throw .malformed(source: "environment") }
    return result
  }
}
