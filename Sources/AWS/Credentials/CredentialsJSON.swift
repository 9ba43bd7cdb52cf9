// The JSON that container endpoints, instance metadata and credential processes answer with: the same four names.

import FoundationEssentials

/// Reads `AccessKeyId`, `SecretAccessKey`, `Token` or `SessionToken`, `Expiration`.
func credentials(json bytes: [UInt8], source: String) throws(CredentialsError) -> Credentials {
  struct Answer: Decodable {
    let AccessKeyId: String
    let SecretAccessKey: String
    let Token: String?
    let SessionToken: String?
    let Expiration: String?
  }
  guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(bytes)) else { throw .malformed(source: source) }
  var expiration: Timestamp?
  if let text = answer.Expiration {
    expiration = Timestamp(iso8601: text)
    if expiration == nil { throw .malformed(source: source) }
  }
  let result = Credentials(
    accessKeyID: answer.AccessKeyId, secretAccessKey: answer.SecretAccessKey,
    sessionToken: answer.Token ?? answer.SessionToken, expiration: expiration)
  guard result.isWellFormed else { throw .malformed(source: source) }
  return result
}
