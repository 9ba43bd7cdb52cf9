// Which axes of an input are an image's channels, height and width, and which of them the file leaves open.

/// What an axis of an input of images means.
enum ImageAxis {
  case channels, height, width
}

extension ValueMessage {
  /// What `axis` means, for an input of four dimensions: (n, channels, height, width), or (n, height, width, channels) where only
  /// the last can be the channels. nil for the batch and for other inputs.
  func imageAxis(_ axis: Int) -> ImageAxis? {
    guard let dimensions, dimensions.count == 4, axis > 0 else { return nil }
    var isChannelsLast = false
    if case .size(let last) = dimensions[3], last == 1 || last == 3 {
      if case .size(let second) = dimensions[1] {
        isChannelsLast = second != 1 && second != 3
      } else {
        isChannelsLast = true
      }
    }
    let axes: [ImageAxis] = isChannelsLast ? [.height, .width, .channels] : [.channels, .height, .width]
    return axes[axis - 1]
  }

  /// Whether the height or the width is not stated.
  var leavesImageSizeOpen: Bool {
    (dimensions ?? []).enumerated().contains { axis, dimension in
      guard let meaning = imageAxis(axis), meaning != .channels else { return false }
      if case .size(let size) = dimension { return size <= 0 }
      return true
    }
  }
}
