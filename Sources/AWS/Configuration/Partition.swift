// Groups of regions with domains of their own, as botocore's partitions.json lists them.

/// A group of regions.
package struct Partition: Sendable {
  /// What a service's host name ends in.
  package let domain: String
  /// The same for hosts with IPv4 and IPv6 addresses.
  let dualStackDomain: String

  /// Beginnings of region names and the domains that go with them.
  private static let table: [(prefix: String, domain: String, dualStackDomain: String)] = [
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
  ]

  /// The partition that a region is in.
  package init(region: String) {
    let entry = Self.table.first { region.hasPrefix($0.prefix) }
    domain = entry?.domain ?? "amazonaws.com"
    dualStackDomain = entry?.dualStackDomain ?? "api.aws"
  }
}
