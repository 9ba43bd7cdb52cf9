// The JSON that container endpoints, instance metadata and credential processes answer with: the same four names.

import FoundationEssentials

/// Reads `AccessKeyId`, `SecretAccessKey`, `Token` or `SessionToken`, `Expiration`.
func credentials(json bytes: [UInt8], source: String) throws(CredentialsError) -> Credentials {
  struct Answer: Decodable {
    let accessKeyID: String
    let secretAccessKey: String
    let token: String?
    let sessionToken: String?
    let expiration: String?

    enum CodingKeys: String, CodingKey {
      case accessKeyID = "AccessKeyId"
      case secretAccessKey = "SecretAccessKey"
      case token = "Token"
      case sessionToken = "SessionToken"
      case expiration = "Expiration"
    }
  }
  guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(bytes)) else { throw .malformed(source: source) }
  var expiration: Timestamp?
  if let text = answer.expiration {
    expiration = Timestamp(iso8601: text)
    if expiration == nil { throw .malformed(source: source) }
  }
  let result = Credentials(
    accessKeyID: answer.accessKeyID, secretAccessKey: answer.secretAccessKey,
    sessionToken: answer.token ?? answer.sessionToken, expiration: expiration)
  guard result.isWellFormed else { throw .malformed(source: source) }
  return result
}
