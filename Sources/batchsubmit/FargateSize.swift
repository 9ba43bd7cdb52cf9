// Which processors and memory go together on Fargate.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html

/// A container's size: one of Fargate's pairs.
struct FargateSize: Equatable {
  /// As Batch writes it: `0.25`, `1`, `16`.
  let vcpu: String
  /// MiB.
  let memory: Int

  /// Quarters of a vCPU, and the memory that goes with it in MiB: the smallest, the largest, the step between.
  static let table: [(vcpu: String, quarters: Int, memory: StrideThrough<Int>)] = [
    ("0.25", 1, stride(from: 512, through: 512, by: 512)),
    ("0.25", 1, stride(from: 1024, through: 2048, by: 1024)),
    ("0.5", 2, stride(from: 1024, through: 4096, by: 1024)),
    ("1", 4, stride(from: 2048, through: 8192, by: 1024)),
    ("2", 8, stride(from: 4096, through: 16384, by: 1024)),
    ("4", 16, stride(from: 8192, through: 30720, by: 1024)),
    ("8", 32, stride(from: 16384, through: 61440, by: 4096)),
    ("16", 64, stride(from: 32768, through: 122880, by: 8192)),
  ]

  /// Throws where Fargate does not offer this pair.
  ///
  /// - Parameters:
  ///   - vcpu: vCPUs in decimal; `1.0` and `.5` are read as `1` and `0.5`.
  ///   - memory: MiB.
  init(vcpu: String, memory: Int) throws(SettingsError) {
    let quarters = Double(vcpu).map { $0 * 4 }
    let rows = Self.table.filter { Double($0.quarters) == quarters }
    guard let row = rows.first else { throw .unknownVCPU(vcpu) }
    guard rows.contains(where: { $0.memory.contains(memory) }) else {
      throw .unknownMemory(
        memory, vcpu: row.vcpu, allowed: rows.map { Self.describe($0.memory) }.joined(separator: ", "))
    }
    self.vcpu = row.vcpu
    self.memory = memory
  }

  /// vCPUs as a number.
  var processors: Double { Double(vcpu) ?? 0 }

  private static func describe(_ memory: StrideThrough<Int>) -> String {
    let values = Array(memory)
    guard values.count > 1 else { return "\(values[0])" }
    return "\(values[0]) to \(values[values.count - 1]) by \(values[1] - values[0])"
  }
}
