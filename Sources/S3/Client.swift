// S3's calls go through here: where a bucket is, how it is addressed, what every request carries.

import ASCII
package import AWS
package import HTTP
import HTTPFields

/// A client of S3 or of a service that speaks like it.
@Loop
package final class Client {
  /// What holds for all calls.
  package struct Options: Sendable {
    /// Requester pays: `x-amz-request-payer`.
    package var requesterPays = false
    package init() {}
  }

  let services: ServiceClient
  let options: Options
  private let configured: Endpoint?
  /// Regions that the service named for buckets that are elsewhere than configured.
  private var regions: [String: String] = [:]
  /// Buckets of stores whose conditions on entity tags do not work.
  var unconditionalBuckets: Set<String> = []
  /// Uploads carry checksums: as configured, and not to a store that has refused such headers.
  private(set) var sendsChecksums: Bool

  /// Throws where the configured endpoint or region cannot be used.
  package init(_ services: ServiceClient, options: Options = Options()) throws(ConfigurationError) {
    self.services = services
    self.options = options
    configured = try services.configuration.configuredEndpoint("s3")
    sendsChecksums = services.configuration.sendsChecksums
    if let region = services.configuration.region, !isRegion(region) { throw .noRegion }
  }

  /// Sends a call for a bucket; again in another region where the service names one, and again without checksums where
  /// a store refuses such headers.
  ///
  /// - Parameters:
  ///   - make: fills in the call of the next attempt, the address being set.
  ///   - progress, recover: see `ServiceClient.send`.
  ///   - failure: makes a failed call's error more precise.
  func send(
    _ method: String, _ bucket: String, _ key: Key?,
    make: (inout ServiceRequest) throws(ServiceError) -> Void = { _ in }, progress: () -> Int64 = { 0 },
    failure: (ServiceError) -> ServiceError = { $0 },
    check: (Response) throws(ServiceError) -> Void = { (_) throws(ServiceError) in },
    recover: (ServiceError) async -> Response? = { _ in nil }
  ) async throws(ServiceError) -> Response {
    var redirects = 0
    // Of the last attempt: another call may have changed the client's since.
    var sent = (region: "", hasChecksums: false)
    while true {
      do throws(ServiceError) {
        return try await services.send(
          call: { () throws(ServiceError) in
            var call = try self.call(method, bucket, key)
            sent = (call.region, sendsChecksums)
            try make(&call)
            return call
          }, progress: progress, check: check, recover: recover)
      } catch {
        guard case .refused(let refusal) = error else { throw failure(error) }
        if sent.hasChecksums, isAboutChecksums(refusal) {
          sendsChecksums = false
        } else if let region = refusal.region, isRegion(region), [301, 307, 400].contains(refusal.status),
          region != sent.region, redirects < 2
        {
          regions[bucket] = region
          redirects += 1
        } else {
          throw failure(error)
        }
      }
    }
  }

  /// Whether calls go over TLS, so that bodies need no hash in the signature.
  func isSecure(_ bucket: String) -> Bool { (configured ?? Self.root(region: "", services.configuration)).isSecure }

  private func region(of bucket: String) -> String {
    if let known = regions[bucket] { return known }
    if case .accessPoint(_, _, let region) = BucketName(bucket) { return region }
    return services.configuration.region ?? "us-east-1"
  }

  private func call(_ method: String, _ bucket: String, _ key: Key?) throws(ServiceError) -> ServiceRequest {
    let (endpoint, isVirtual) = try endpoint(of: bucket)
    var path = Array(endpoint.basePath.utf8)
    if !isVirtual {
      path.append(UInt8(ascii: "/"))
      appendPercentEncoded(bucket.utf8, to: &path)
    }
    if let key {
      path.append(UInt8(ascii: "/"))
      appendPercentEncoded(key.bytes, keepingSlash: true, to: &path)
    } else if isVirtual {
      path.append(UInt8(ascii: "/"))
    }
    var call = ServiceRequest(
      endpoint: endpoint, service: "s3", region: region(of: bucket), method: method,
      path: String(decoding: path, as: UTF8.self))
    call.pathEncoding = .once
    if options.requesterPays { call.headers.append(("x-amz-request-payer", "requester")) }
    return call
  }

  /// A call of the service itself, for the list of buckets.
  func bucketsCall(continuationToken: String?) -> ServiceRequest {
    let region = services.configuration.region ?? "us-east-1"
    let endpoint = configured ?? Self.root(region: region, services.configuration)
    var call = ServiceRequest(
      endpoint: endpoint, service: "s3", region: region, method: "GET", path: endpoint.basePath + "/")
    call.pathEncoding = .once
    if let continuationToken { call.query = [("continuation-token", percentEncoded(continuationToken.utf8))] }
    return call
  }

  /// Where a bucket is reached, and whether its name is in the host's.
  func endpoint(of bucket: String) throws(ServiceError) -> (endpoint: Endpoint, isVirtual: Bool) {
    let configuration = services.configuration
    let root = configured ?? Self.root(region: region(of: bucket), configuration)
    switch BucketName(bucket) {
    case .plain: break
    // S3-compatible stores may allow other bucket names.
    case .unsupported where configured != nil && !bucket.hasPrefix("arn:"): break
    case .unsupported(let reason): throw .configuration(.unsupportedBucket(bucket, reason: reason))
    case .accessPoint(let name, let account, let region):
      let host = configured?.host ?? Self.accessPointHost(region: region, configuration)
      return (Endpoint(scheme: root.scheme, host: "\(name)-\(account).\(host)", basePath: root.basePath), true)
    }
    let canBeHost = Self.isHostLabel(bucket, allowsDots: !root.isSecure)
    let isVirtual =
      switch configuration.addressingStyle {
      case .path: false
      case .virtual: canBeHost
      // S3-compatible servers seldom have a DNS name for every bucket.
      case .auto: configured == nil && canBeHost
      }
    guard isVirtual else { return (root, false) }
    return (Endpoint(scheme: root.scheme, host: "\(bucket).\(root.host)", basePath: root.basePath), true)
  }

  /// The host of a region's access points, less their names.
  private static func accessPointHost(region: String, _ configuration: Configuration) -> String {
    let service = configuration.usesFIPS ? "s3-accesspoint-fips" : "s3-accesspoint"
    let stack = configuration.usesDualStack ? ".dualstack" : ""
    return "\(service)\(stack).\(region).\(Partition(region: region).domain)"
  }

  /// AWS's own endpoint in a region. https://docs.aws.amazon.com/general/latest/gr/s3.html
  static func root(region: String, _ configuration: Configuration) -> Endpoint {
    let service = configuration.usesFIPS ? "s3-fips" : "s3"
    let stack = configuration.usesDualStack ? ".dualstack" : ""
    return Endpoint(scheme: "https", host: "\(service)\(stack).\(region).\(Partition(region: region).domain)")
  }

  /// A bucket's name that can be a DNS label: lower-case letters, digits, hyphens; a dot would not match the
  /// certificate.
  nonisolated static func isHostLabel(_ bucket: String, allowsDots: Bool) -> Bool {
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

/// Whether a store refuses a call for the checksum headers it carries: B2 says InvalidArgument, R2 NotImplemented.
private func isAboutChecksums(_ refusal: ServiceFailure) -> Bool {
  [400, 501].contains(refusal.status)
    && ["x-amz-checksum", "x-amz-sdk-checksum"].contains { refusal.message.asciiLowercased.contains($0) }
}
