// Errors in flags and environment.

import Streams

/// An invalid setting.
enum SettingsError: ReportableError, Equatable {
  case missing(flag: String, variable: String)
  case malformed(setting: String, value: String, expected: String)
  case outOfRange(setting: String, value: Int, allowed: ClosedRange<Int>)
  case unknownVCPU(String)
  case unknownMemory(Int, vcpu: String, allowed: String)
  case sizeNeedsBoth
  case reservedVariable(String)
  case tooMany(setting: String, count: Int, limit: Int)
  /// What is written would be read again as input.
  case overlap(setting: String, location: String, input: String)

  var status: ExitStatus {
    switch self {
    case .missing, .overlap: .configuration
    default: .usage
    }
  }

  var reason: String {
    switch self {
    case .missing(let flag, let variable): "\(flag) or \(variable) is needed"
    case .malformed(let setting, let value, let expected): "\(setting): \(value): not \(expected)"
    case .outOfRange(let setting, let value, let allowed):
      "\(setting): \(value): not within \(allowed.lowerBound) to \(allowed.upperBound)"
    case .unknownVCPU(let vcpu):
      "--vcpu: \(vcpu): Fargate has 0.25, 0.5, 1, 2, 4, 8 and 16"
    case .unknownMemory(let memory, let vcpu, let allowed):
      "--memory: \(memory): with \(vcpu) vCPU Fargate has \(allowed) MiB"
    case .sizeNeedsBoth: "--vcpu and --memory go together"
    case .reservedVariable(let name): "--environment: \(name): is set by batchsubmit or by Batch"
    case .tooMany(let setting, let count, let limit): "\(setting): \(count) of them, at most \(limit)"
    case .overlap(let setting, let location, let input):
      "\(setting): \(location) and the input \(input) overlap: what is written there would be submitted again"
    }
  }
}
