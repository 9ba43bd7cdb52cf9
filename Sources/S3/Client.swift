// S3's calls go through here: where a bucket is, how it is addressed, what every request carries.

public import AWS
import HTTP

/// A client of S3 or of a service that speaks like it.
@Loop
public final class Client {
  /// What holds for all calls.
  public struct Options: Sendable {
    /// The caller pays for what he gets: `x-amz-request-payer`.
    public var requesterPays = false
    public init() {}
  }

  let services: ServiceClient
  let options: Options
  private let configured: Endpoint?
  /// Regions that the service named for buckets that are elsewhere than configured.
  private var regions: [String: String] = [:]

  /// Throws where the configured endpoint or region cannot be used.
  public init(_ services: ServiceClient, options: Options = Options()) throws(ConfigurationError) {
    self.services = services
    self.options = options
    configured = try services.configuration.configuredEndpoint("s3")
    if let region = services.configuration.region, !isRegion(region) { throw .noRegion }
  }

  /// Sends a call for a bucket, again elsewhere where the service names another region.
  ///
  /// - Parameters:
  ///   - make: fills in the call of the next attempt, the address being set.
  ///   - progress: see `ServiceClient.send`.
  ///   - failure: the error of a failed call as the caller knows it better.
  func send(
    _ method: String, _ bucket: String, _ key: Key?, make: (inout Call) throws(ServiceError) -> Void = { _ in },
    progress: () -> Int64 = { 0 }, failure: (ServiceError) -> ServiceError = { $0 },
    check: (Response) throws(ServiceError) -> Void = { (_) throws(ServiceError) in }
  ) async throws(ServiceError) -> Response {
    var redirects = 0
    while true {
      do throws(ServiceError) {
        return try await services.send(
          call: { () throws(ServiceError) in
            var call = self.call(method, bucket, key)
            try make(&call)
            return call
          }, progress: progress, check: check)
      } catch {
        guard case .refused(let refusal) = error, let region = refusal.region, isRegion(region),
          [301, 307, 400].contains(refusal.status), region != self.region(of: bucket), redirects < 2
        else { throw failure(error) }
        regions[bucket] = region
        redirects += 1
      }
    }
  }

  /// Whether calls go over TLS, so that bodies need no hash in the signature.
  func isSecure(_ bucket: String) -> Bool { endpoint(of: bucket).endpoint.isSecure }

  private func region(of bucket: String) -> String {
    regions[bucket] ?? services.configuration.region ?? "us-east-1"
  }

  private func call(_ method: String, _ bucket: String, _ key: Key?) -> Call {
    let (endpoint, isVirtual) = endpoint(of: bucket)
    var path = Array(endpoint.basePath.utf8)
    if !isVirtual {
      path.append(UInt8(ascii: "/"))
      path += Array(bucket.utf8)
    }
    if let key {
      path.append(UInt8(ascii: "/"))
      appendPercentEncoded(key.bytes, keepingSlash: true, to: &path)
    } else if isVirtual {
      path.append(UInt8(ascii: "/"))
    }
    var call = Call(
      endpoint: endpoint, service: "s3", region: region(of: bucket), method: method,
      path: String(decoding: path, as: UTF8.self))
    call.pathEncoding = .once
    if options.requesterPays { call.headers.append(("x-amz-request-payer", "requester")) }
    return call
  }

  /// A call of the service itself, for the list of buckets.
  func bucketsCall(continuationToken: String?) -> Call {
    let region = services.configuration.region ?? "us-east-1"
    let endpoint = configured ?? Self.root(region: region, services.configuration)
    var call = Call(endpoint: endpoint, service: "s3", region: region, method: "GET", path: endpoint.basePath + "/")
    call.pathEncoding = .once
    if let continuationToken { call.query = [("continuation-token", percentEncoded(continuationToken.utf8))] }
    return call
  }

  /// Where a bucket is reached, and whether its name is in the host's.
  private func endpoint(of bucket: String) -> (endpoint: Endpoint, isVirtual: Bool) {
    let configuration = services.configuration
    let root = configured ?? Self.root(region: region(of: bucket), configuration)
    let canBeHost = Self.isHostLabel(bucket, allowsDots: !root.isSecure)
    let isVirtual =
      switch configuration.addressingStyle {
      case .path: false
      case .virtual: canBeHost
      // A server of one's own seldom has a name for every bucket.
      case .auto: configured == nil && canBeHost
      }
    guard isVirtual else { return (root, false) }
    return (Endpoint(scheme: root.scheme, host: "\(bucket).\(root.host)", basePath: root.basePath), true)
  }

  /// AWS's own endpoint in a region. https://docs.aws.amazon.com/general/latest/gr/s3.html
  static func root(region: String, _ configuration: Configuration) -> Endpoint {
    let service = configuration.usesFIPS ? "s3-fips" : "s3"
    let stack = configuration.usesDualStack ? ".dualstack" : ""
    return Endpoint(scheme: "https", host: "\(service)\(stack).\(region).\(Partition(region: region).domain)")
  }

  /// A bucket's name as part of a host's: small letters, digits, hyphens; a dot would not match the certificate.
  static func isHostLabel(_ bucket: String, allowsDots: Bool) -> Bool {
    bucket.utf8.count <= 63 && bucket.first != "-" && bucket.last != "-" && bucket.first != "." && bucket.last != "."
      && bucket.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        case UInt8(ascii: "."): allowsDots
        default: false
        }
      }
  }
}
