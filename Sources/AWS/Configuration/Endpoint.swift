// Where a service is reached: configured endpoints, dual-stack, FIPS.
// https://docs.aws.amazon.com/general/latest/gr/rande.html, https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html

import ASCII

/// The root of a service: scheme, host with port, and a path in front of all others.
package struct Endpoint: Hashable, Sendable {
  /// `https` or `http`.
  package let scheme: String
  /// Host, and the port where it is not the scheme's own: the value of the `Host` header.
  package let host: String
  /// Empty, or `/path` without a slash at its end. The hexadecimal digits of escapes are in upper case, as libcurl 8.20
  /// and later sends them: the path that is signed has to be the path that is sent.
  package let basePath: String

  package init(scheme: String, host: String, basePath: String = "") {
    self.scheme = scheme
    self.host = host
    self.basePath = basePath
  }

  /// Reads `https://host:port/path`; nil for another scheme, user names, queries, and hosts with bytes other than
  /// letters, digits, `-`, `.` and an IPv6 address's.
  package init?(url: String) {
    guard let colon = separator(in: url), !url.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) else { return nil }
    let scheme = url[..<colon.lowerBound].lowercased()
    guard scheme == "https" || scheme == "http" else { return nil }
    let rest = url[colon.upperBound...]
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    var host = rest[..<slash].lowercased()
    var path = rest[slash...]
    while path.hasSuffix("/") { path.removeLast() }
    guard !host.isEmpty, !host.contains(where: { "@?#\\\"<>".contains($0) }),
      !path.contains(where: { "?#\\".contains($0) })
    else { return nil }
    let standardPort = scheme == "https" ? ":443" : ":80"
    if host.hasSuffix(standardPort) {
      host.removeLast(standardPort.utf8.count)
    }
    self.init(scheme: scheme, host: host, basePath: capitalizingEscapes(path))
  }

  package var isSecure: Bool { scheme == "https" }

  /// The host's name or address without port.
  var hostName: String {
    if host.hasPrefix("["), let end = host.firstIndex(of: "]") { return String(host[...end]) }
    return String(host.prefix { $0 != ":" })
  }
}

/// A region becomes part of a host's name, so it is letters, digits and hyphens.
package func isRegion(_ text: String) -> Bool {
  (1...32).contains(text.utf8.count)
    && text.utf8.allSatisfy {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0.isASCIIDigit || $0 == UInt8(ascii: "-")
    }
}

extension Configuration {
  /// The endpoint of a service other than S3, configured or AWS's own.
  package func endpoint(_ service: String, region: String) throws(ConfigurationError) -> Endpoint {
    if let configured = try configuredEndpoint(service) { return configured }
    guard isRegion(region) else { throw .noRegion }
    let partition = Partition(region: region)
    let name = service + (usesFIPS ? "-fips" : "")
    return Endpoint(
      scheme: "https", host: "\(name).\(region).\(usesDualStack ? partition.dualStackDomain : partition.domain)")
  }
}

/// Where `://` stands.
private func separator(in url: String) -> Range<String.Index>? {
  guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") else { return nil }
  return colon..<url.index(colon, offsetBy: 3)
}
