// swift-tools-version: 6.2
// Five tools over shared modules, listed bottom-up: a module may import only modules above it.
import PackageDescription

/// Every module's settings: Swift 6, imports private unless said otherwise, `unsafe` written where it is.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .strictMemorySafety(),
]

/// Settings of the kernel modules: pointers throughout, counts checked in the public functions of `Kernels`.
let kernelSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .unsafeFlags(["-Ounchecked"], .when(configuration: .release)),
]

/// Tests reach for pointers where it is the shortest way to provoke a fault.
let testSettings: [SwiftSetting] = [.swiftLanguageMode(.v6)]

/// Whether the package is built for x86-64. A manifest cannot see the target of a cross build: TARGET_ARCHITECTURE names it.
let isX86: Bool = {
  #if arch(x86_64)
    let host = "x86_64"
  #else
    let host = "other"
  #endif
  return (Context.environment["TARGET_ARCHITECTURE"] ?? host) == "x86_64"
}()

/// Compiler flags that let a target use these x86 instructions; a target without them runs on every processor.
func instructions(_ names: String...) -> [SwiftSetting] {
  isX86 ? [.unsafeFlags(names.flatMap { ["-Xcc", "-m\($0)"] })] : []
}

/// The kernel targets of x86 instruction sets.
let x86Kernels: [Target] = [
  .target(
    name: "KernelsAVX2", dependencies: ["KernelTemplates", "CInstructionSets"],
    swiftSettings: kernelSettings + instructions("avx2", "fma")),
  .target(
    name: "KernelsAVX512", dependencies: ["KernelTemplates", "CInstructionSets"],
    swiftSettings: kernelSettings + instructions("avx512f", "avx512vl", "avx512bw", "fma")),
  .target(
    name: "KernelsVNNI", dependencies: ["KernelTemplates", "CInstructionSets"],
    swiftSettings: kernelSettings + instructions("avx512f", "avx512vl", "avx512bw", "avx512vnni", "fma")),
  .target(
    name: "KernelsBF16", dependencies: ["KernelTemplates", "CInstructionSets"],
    swiftSettings: kernelSettings + instructions("avx512f", "avx512vl", "avx512bw", "avx512bf16", "fma")),
]

/// The kernel targets of Arm's extensions.
let armKernels: [Target] = [
  .target(
    name: "KernelsDotProduct", dependencies: ["KernelTemplates", "CInstructionSets"],
    swiftSettings: kernelSettings + [.unsafeFlags(["-Xcc", "-march=armv8.2-a+dotprod"])]),
  .target(
    name: "KernelsInt8Matrix", dependencies: ["KernelTemplates", "CInstructionSets"],
    swiftSettings: kernelSettings + [.unsafeFlags(["-Xcc", "-march=armv8.2-a+dotprod+i8mm"])]),
  .target(
    name: "KernelsBFloat16Matrix", dependencies: ["KernelTemplates", "CInstructionSets"],
    swiftSettings: kernelSettings + [.unsafeFlags(["-Xcc", "-march=armv8.2-a+bf16"])]),
]

/// Those of the architecture that the package is built for.
let extensionKernels = isX86 ? x86Kernels : armKernels

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")

let package = Package(
  name: "image-classification",
  products: [
    .executable(name: "imgdecode", targets: ["imgdecode"]),
    .executable(name: "classify", targets: ["classify"]),
    .executable(name: "s3sync", targets: ["s3sync"]),
    .executable(name: "batchsubmit", targets: ["batchsubmit"]),
    .executable(name: "lambda-bootstrap", targets: ["lambda-bootstrap"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
  ],
  targets: extensionKernels + [
    // C made visible.
    .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-serial-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CInstructionSets"),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CCRCInstructions"),

    // The system and its text, each thing once.
    .target(name: "POSIX", dependencies: ["CLinux"], swiftSettings: settings),
    .target(name: "ASCII", swiftSettings: settings),
    .target(name: "HTTPFields", dependencies: ["ASCII"], swiftSettings: settings),

    // What flows between the tools.
    .target(name: "Streams", dependencies: ["ASCII", "POSIX"], exclude: ["tensor-stream.5"], swiftSettings: settings),

    // Arithmetic.
    .target(name: "Elements", swiftSettings: settings),
    .target(name: "KernelTemplates", dependencies: ["CInstructionSets"], swiftSettings: kernelSettings),
    .target(name: "KernelsPortable", dependencies: ["KernelTemplates"], swiftSettings: kernelSettings),
    .target(
      name: "Kernels",
      dependencies: ["KernelTemplates", "KernelsPortable", "CInstructionSets", "CLinux", "COpenBLAS"]
        + extensionKernels.map { .target(name: $0.name) },
      swiftSettings: kernelSettings),
    .target(name: "Network", dependencies: ["Elements", "Kernels", "POSIX"], swiftSettings: settings),
    .target(name: "ONNX", dependencies: ["Elements", "Network", "POSIX"], swiftSettings: settings),

    // The network and AWS.
    .target(
      name: "HTTP", dependencies: ["HTTPFields", "CCurl", "CLinux", "POSIX", "ASCII", deque, heap],
      exclude: ["README.md"],
      swiftSettings: settings),
    .target(name: "AWS", dependencies: ["HTTPFields", "HTTP", "POSIX", "ASCII", crypto], swiftSettings: settings),
    .target(
      name: "CRCInstructions", dependencies: ["CCRCInstructions"],
      swiftSettings: settings + (isX86 ? instructions("pclmul") : [.unsafeFlags(["-Xcc", "-march=armv8-a+crc"])])),
    .target(
      name: "S3",
      dependencies: [
        "HTTPFields", "CRCInstructions", "CInstructionSets", "AWS", "HTTP", "Streams", "POSIX", "ASCII", crypto,
      ],
      swiftSettings: settings),

    // The tools.
    .executableTarget(
      name: "imgdecode", dependencies: ["CJPEG", "POSIX", "Streams", argumentParser], exclude: ["imgdecode.1"],
      swiftSettings: settings),
    .executableTarget(
      name: "classify", dependencies: ["Elements", "Kernels", "ONNX", "Network", "POSIX", "Streams", argumentParser],
      exclude: ["classify.1"],
      swiftSettings: settings),
    .executableTarget(
      name: "s3sync",
      dependencies: ["HTTPFields", "CLinux", "S3", "AWS", "HTTP", "Streams", "ASCII", "POSIX", argumentParser, crypto],
      exclude: ["s3sync.1"],
      swiftSettings: settings),
    .executableTarget(
      name: "batchsubmit",
      dependencies: ["HTTPFields", "S3", "AWS", "HTTP", "Streams", "POSIX", "ASCII", crypto, argumentParser],
      exclude: ["batchsubmit.1"],
      swiftSettings: settings),
    .executableTarget(
      name: "lambda-bootstrap", dependencies: ["HTTPFields", "ASCII", "CLinux", "POSIX", "Streams", argumentParser],
      exclude: ["lambda-bootstrap.1"],
      swiftSettings: settings),

    // Tests, in the same order.
    .executableTarget(
      name: "onnxrun", dependencies: ["ONNX", "Network", "Kernels", "Elements", "Streams"],
      path: "Tests/support/onnxrun",
      swiftSettings: settings),
    .target(
      name: "ModelInMemory", dependencies: ["ONNX"], path: "Tests/support/ModelInMemory", swiftSettings: testSettings),
    .testTarget(name: "POSIXTests", dependencies: ["POSIX"], swiftSettings: testSettings),
    .testTarget(name: "ASCIITests", dependencies: ["ASCII"], swiftSettings: testSettings),
    .executableTarget(
      name: "kernelbench", dependencies: ["Kernels"], path: "Tests/support/kernelbench",
      swiftSettings: testSettings),
    .testTarget(name: "StreamsTests", dependencies: ["Streams"], swiftSettings: testSettings),
    .testTarget(
      name: "KernelsTests", dependencies: ["Kernels", "KernelTemplates", "CLinux"], swiftSettings: testSettings),
    .testTarget(name: "ElementsTests", dependencies: ["Elements"], swiftSettings: testSettings),
    .testTarget(name: "NetworkTests", dependencies: ["Network", "Elements"], swiftSettings: testSettings),
    .testTarget(name: "ONNXTests", dependencies: ["ONNX", "Network", "ModelInMemory"], swiftSettings: testSettings),
    .testTarget(name: "HTTPTests", dependencies: ["HTTPFields", "HTTP", "POSIX"], swiftSettings: testSettings),
    .testTarget(name: "AWSTests", dependencies: ["HTTPFields", "AWS", "HTTP", "ASCII"], swiftSettings: testSettings),
    .testTarget(name: "S3Tests", dependencies: ["HTTPFields", "S3", "AWS", "HTTP"], swiftSettings: testSettings),
    .testTarget(name: "imgdecodeTests", dependencies: ["imgdecode"], swiftSettings: testSettings),
    .testTarget(name: "classifyTests", dependencies: ["classify", "Streams"], swiftSettings: testSettings),
    .testTarget(
      name: "s3syncTests", dependencies: ["s3sync", "S3", "AWS", "Streams", argumentParser],
      swiftSettings: testSettings),
    .testTarget(
      name: "batchsubmitTests", dependencies: ["batchsubmit", "S3", "AWS", "HTTP", "Streams"],
      swiftSettings: testSettings),
    .testTarget(
      name: "lambda-bootstrapTests", dependencies: ["POSIX", "HTTPFields", "lambda-bootstrap"],
      swiftSettings: testSettings),
    .testTarget(
      name: "FuzzTests",
      dependencies: [
        "imgdecode", "classify", "lambda-bootstrap", "AWS", "ONNX", "Network", "POSIX", "Streams", "ModelInMemory",
      ],
      path: "Tests/fuzz", exclude: ["README.md", "seeds.py", "fuzz_models.py"], swiftSettings: testSettings),
  ]
)
