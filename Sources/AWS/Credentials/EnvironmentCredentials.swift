// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.

struct EnvironmentCredentials: CredentialsSource {
  let surroundings: Surroundings

  func load() throws(CredentialsError) -> Credentials? {
    guard let identifier = surroundings.variable("AWS_ACCESS_KEY_ID") else { return nil }
    guard let secret = surroundings.variable("AWS_SECRET_ACCESS_KEY") else {
      throw .configuration(source: "environment", reason: "AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not")
    }
    let result = Credentials(
      accessKeyID: identifier, secretAccessKey: secret, sessionToken: surroundings.variable("AWS_SESSION_TOKEN"))
    guard result.isWellFormed else { throw .malformed(source: "environment") }
    return result
  }
}
