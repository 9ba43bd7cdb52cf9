// How many children the work is cut into, and how many jobs they make.

/// The work cut into children, each with a manifest of its own, and the children into jobs.
///
/// Image `i` of child `c` is in place `range(ofChild: c).lowerBound + i` of the list; nothing is stored per image.
struct Plan: Equatable {
  /// A job of Batch: `size` children, of which the first reads manifest number `first`.
  struct Job: Equatable {
    let first: Int
    let size: Int
  }

  let images: Int
  let children: Int
  let jobs: [Job]

  /// Batch's own limit, and the smallest array there is.
  static let arraySizes = 2...10_000

  /// Cuts `images` into as few children as hold them, and those into as few jobs.
  ///
  /// - Parameters:
  ///   - images: at least 0; none make no job.
  ///   - imagesPerChild: at least 1.
  ///   - maximumArraySize: children of one array job, within `arraySizes`.
  init(images: Int, imagesPerChild: Int, maximumArraySize: Int) {
    precondition(images >= 0 && imagesPerChild >= 1 && Self.arraySizes.contains(maximumArraySize))
    self.images = images
    children = images / imagesPerChild + (images.isMultiple(of: imagesPerChild) ? 0 : 1)
    let children = self.children
    jobs = stride(from: 0, to: children, by: maximumArraySize).map {
      Job(first: $0, size: min(maximumArraySize, children - $0))
    }
  }

  /// The images of a child: all children have the same number, give or take one, so that none is left alone at the end.
  func range(ofChild child: Int) -> Range<Int> {
    let (share, rest) = images.quotientAndRemainder(dividingBy: children)
    let start = child * share + min(child, rest)
    return start..<start + share + (child < rest ? 1 : 0)
  }

  /// The images of all of a job's children.
  func range(of job: Job) -> Range<Int> {
    range(ofChild: job.first).lowerBound..<range(ofChild: job.first + job.size - 1).upperBound
  }

  /// Images for about five minutes of a child's work: starting a container costs some 30 seconds in which nothing is
  /// classified, and a child that is lost repeats all of its images.
  ///
  /// - Parameter vcpus: the child's, as overridden, or what the stack's job definition has.
  static func defaultImagesPerChild(vcpus: Double) -> Int {
    max(1, Int(secondsPerChild * imagesPerSecondAndVCPU * vcpus))
  }

  static let secondsPerChild = 300.0
  /// ResNet-50 in float32, where a vCPU is one of a core's two threads.
  static let imagesPerSecondAndVCPU = 10.0
  /// Of the stack's job definition.
  static let usualVCPUs = 2.0
}
