// `config.json` of a timm model: its `pretrained_cfg`.

extension Preprocessing {
  /// Throws `ConfigurationError.contract` for a key that is unknown or a value that cannot be used.
  init(timm members: [String: JSONValue], from source: String) throws {
    self.init()
    var reader = DocumentReader(members, source: source)
    reader.ignore([
      "url", "file", "state_dict", "hf_hub_id", "hf_hub_filename", "source", "architecture", "tag", "custom_load",
      "test_input_size", "min_input_size", "fixed_input_size", "test_crop_pct", "num_classes", "label_names",
      "label_descriptions", "pool_size", "test_pool_size", "first_conv", "classifier", "license", "description",
      "origin_url", "paper_name", "paper_ids", "notes",
    ])
    scale = 1 / 255
    mean = try reader.value("mean", \.channelValues)
    std = try reader.value("std", \.channelValues)
    filter = try reader.value("interpolation") { value in
      value.string.flatMap { ["bilinear", "bicubic", "nearest", "box"].contains($0) ? $0 : nil }
    }
    try reader.value("label_offset") { $0.integer == 0 ? true : nil }
    let size = try reader.value("input_size") { value in
      value.array.flatMap { sides -> Crop? in
        guard sides.count == 3, let height = sides[1].integer, let width = sides[2].integer,
          (1...65_500).contains(height), (1...65_500).contains(width)
        else { return nil }
        return Crop(width: width, height: height)
      }
    }
    let share = try reader.value("crop_pct") { $0.number.flatMap { $0 > 0 && $0 <= 1 ? $0 : nil } } ?? 0.875
    let mode = try reader.value("crop_mode") { value in
      value.string.flatMap { ["center", "squash"].contains($0) ? $0 : nil }
    }
    if let size {
      let (height, width) = (Int(Double(size.height) / share), Int(Double(size.width) / share))
      resize =
        mode == "squash" || height != width ? .exact(width: width, height: height) : .shorterSide(height)
      crop = size
    }
    try reader.finish()
  }
}
