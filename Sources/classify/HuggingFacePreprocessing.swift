// `preprocessor_config.json` of Hugging Face's transformers: the image processors of classification models.

extension Preprocessing {
  /// Throws `ConfigurationError.contract` for a key that is unknown, or a value that no processor writes: preprocessing that is
  /// read only in part would silently give wrong answers.
  init(huggingFace members: [String: JSONValue], from source: String) throws {
    self.init()
    var reader = DocumentReader(members, source: source)
    reader.ignore([
      "image_processor_type", "feature_extractor_type", "processor_class", "_valid_processor_keys", "do_convert_rgb",
      "auto_map", "data_format", "input_data_format", "device", "return_tensors", "default_to_square",
      "disable_grouping", "do_reduce_labels", "reduce_labels", "image_processor_class", "_name_or_path",
      "image_seq_length",
    ])
    let processor =
      members["image_processor_type"]?.string ?? members["feature_extractor_type"]?.string ?? ""
    try reader.value("do_pad") { $0.boolean == false ? true : nil }
    reader.ignore(["pad_size"])

    try readContract(&reader)
    try readGeometry(&reader, processor)
    try reader.finish()
  }

  private mutating func readContract(_ reader: inout DocumentReader) throws {
    let rescales = try reader.value("do_rescale", \.boolean) ?? true
    let factor = try reader.value("rescale_factor", \.number) ?? 1 / 255
    scale = rescales ? Float(factor) : 1
    let mean = try reader.value("image_mean", \.channelValues)
    let std = try reader.value("image_std", \.channelValues)
    let normalizes = try reader.value("do_normalize", \.boolean) ?? (mean != nil)
    self.mean = normalizes ? mean ?? [0] : [0]
    self.std = normalizes ? std ?? [1] : [1]
    // EfficientNet's processor: values from −1 on, and the deviation applied twice.
    if try reader.value("rescale_offset", \.boolean) ?? false { self.mean = self.mean?.map { $0 + 1 } }
    if try reader.value("include_top", \.boolean) ?? false, let std, normalizes {
      self.std = std.map { $0 * $0 }
    }
    if try reader.value("do_flip_channel_order", \.boolean) ?? false { isBGR = true }
  }

  private mutating func readGeometry(_ reader: inout DocumentReader, _ processor: String) throws {
    let resizes = try reader.value("do_resize", \.boolean) ?? true
    let size = try reader.value("size", \.imageSize)
    let crops = try reader.value("do_center_crop", \.boolean)
    let cropSize = try reader.value("crop_size", \.imageSize)
    let cropShare = try reader.value("crop_pct") { $0.number.flatMap { $0 > 0 && $0 <= 1 ? $0 : nil } }
    let resampling = try reader.value("resample", \.pillowFilter)
    filter = resampling ?? (resizes ? "bilinear" : nil)
    if resizes, let size {
      switch size {
      case .exact(let width, let height): resize = .exact(width: width, height: height)
      case .shorterSide(let side): (resize, crop) = Self.shorterSide(side, share: cropShare, processor)
      case .number(let side):
        // A bare number: the shorter side for the processors that crop by a share or after CLIP, a square for the rest.
        let cropsByShare = processor.hasPrefix("ConvNext") || processor.hasPrefix("Levit") || cropShare != nil
        if cropsByShare {
          (resize, crop) = Self.shorterSide(side, share: cropShare, processor)
        } else if processor.hasPrefix("CLIP") || processor.hasPrefix("MobileNet") || processor.hasPrefix("Poolformer") {
          resize = .shorterSide(side)
        } else {
          resize = .exact(width: side, height: side)
        }
      }
    }
    if crops ?? (cropSize != nil), let cropSize {
      switch cropSize {
      case .exact(let width, let height): crop = Crop(width: width, height: height)
      case .number(let side), .shorterSide(let side): crop = Crop(width: side, height: side)
      }
    }
  }

  /// ConvNeXt's processor resizes to size / share below 384 and crops; Levit's resizes to size · 256 / 224.
  private static func shorterSide(_ side: Int, share: Double?, _ processor: String) -> (Resize, Crop?) {
    if processor.hasPrefix("ConvNext") {
      if side >= 384 { return (.exact(width: side, height: side), nil) }
      return (.shorterSide(Int(Double(side) / (share ?? 224.0 / 256))), Crop(width: side, height: side))
    }
    if processor.hasPrefix("Levit") { return (.shorterSide(Int(256.0 / 224 * Double(side))), nil) }
    if let share { return (.shorterSide(Int(Double(side) / share)), Crop(width: side, height: side)) }
    return (.shorterSide(side), nil)
  }
}

/// `224`, `{"height": 224, "width": 224}` or `{"shortest_edge": 224}`.
enum StatedSize {
  case number(Int)
  case exact(width: Int, height: Int)
  case shorterSide(Int)
}

extension JSONValue {
  var imageSize: StatedSize? {
    func positive(_ value: JSONValue?) -> Int? { value?.integer.flatMap { (1...65_500).contains($0) ? $0 : nil } }
    if let side = positive(self) { return .number(side) }
    if let pair = array, pair.count == 2, let height = positive(pair[0]), let width = positive(pair[1]) {
      return .exact(width: width, height: height)
    }
    guard let object else { return nil }
    if let side = positive(object["shortest_edge"]), object.count == 1 { return .shorterSide(side) }
    if let height = positive(object["height"]), let width = positive(object["width"]), object.count == 2 {
      return .exact(width: width, height: height)
    }
    return nil
  }

  /// Pillow's numbers for its filters, those that imgdecode has.
  var pillowFilter: String? {
    switch integer {
    case 0: "nearest"
    case 2: "bilinear"
    case 3: "bicubic"
    case 4: "box"
    default: nil
    }
  }

  /// One number, or three.
  var channelValues: [Float]? { floats.flatMap { $0.count == 1 || $0.count == 3 ? $0 : nil } }
}
