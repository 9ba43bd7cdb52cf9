// The token that `aws sso login` leaves in ~/.aws/sso/cache, and its renewal.
// https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html

import ASCII
import Crypto
import FoundationEssentials
import HTTP

/// A cached token. All members of the file are kept, so that other tools find what they wrote.
struct SingleSignOnToken: Equatable {
  private(set) var members: [String: String]
  let accessToken: String
  let expiration: Timestamp

  /// Reads a cache file; nil where it holds no token that could go into a header.
  init?(json: [UInt8]) {
    guard let file = try? JSONDecoder().decode(TextMembers.self, from: Data(json)) else { return nil }
    self.init(file.members)
  }

  private init?(_ members: [String: String]) {
    guard let token = members["accessToken"], !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
      let expiration = members["expiresAt"].flatMap(Timestamp.init(iso8601:))
    else { return nil }
    self.members = members
    accessToken = token
    self.expiration = expiration
  }

  /// The file's name in the cache.
  ///
  /// - Parameter key: the session's name, or the start URL where the profile has no session.
  static func fileName(key: String) -> String { hexadecimal(Insecure.SHA1.hash(data: Array(key.utf8))) + ".json" }

  var json: [UInt8]? { (try? JSONEncoder().encode(members)).map(Array.init) }

  /// The body of `CreateToken`; nil where the login left nothing to renew with, or the client's registration is over.
  func renewal(now: Timestamp) -> [UInt8]? {
    if let end = members["registrationExpiresAt"].flatMap(Timestamp.init(iso8601:)), end <= now { return nil }
    guard let client = members["clientId"], let secret = members["clientSecret"], let token = members["refreshToken"]
    else { return nil }
    let fields = ["clientId": client, "clientSecret": secret, "grantType": "refresh_token", "refreshToken": token]
    return (try? JSONEncoder().encode(fields)).map(Array.init)
  }

  /// The token after an answer to `CreateToken`; nil where the answer is not one.
  func renewed(by answer: [UInt8], now: Timestamp) -> SingleSignOnToken? {
    struct Answer: Decodable {
      let accessToken: String
      let expiresIn: Int64
      let refreshToken: String?
    }
    guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(answer)),
      (1...31_536_000).contains(answer.expiresIn)
    else { return nil }
    var members = self.members
    members["accessToken"] = answer.accessToken
    members["expiresAt"] = now.advanced(by: answer.expiresIn).iso8601Seconds
    // A service that rotates refresh tokens takes the old one no more.
    if let token = answer.refreshToken { members["refreshToken"] = token }
    return SingleSignOnToken(members)
  }
}

/// All members of a JSON object whose values are strings.
private struct TextMembers: Decodable {
  var members: [String: String] = [:]

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    for name in container.allKeys {
      if let text = try? container.decode(String.self, forKey: name) { members[name.stringValue] = text }
    }
  }
}
