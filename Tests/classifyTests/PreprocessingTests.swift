// What documents and metadata state about preprocessing, as tables.

import Testing

@testable import classify

struct PreprocessingTests {
  private func object(_ text: String) throws -> [String: JSONValue] {
    try #require(JSONValue(parsing: Array(text.utf8))?.object)
  }

  private func huggingFace(_ text: String) throws -> Preprocessing {
    try Preprocessing(huggingFace: try object(text), from: "x.json")
  }

  @Test func vit() throws {
    let stated = try huggingFace(
      """
      {"do_normalize": true, "do_rescale": true, "do_resize": true, "image_mean": [0.5, 0.5, 0.5], "resample": 2,
       "image_processor_type": "ViTImageProcessor", "image_std": [0.5, 0.5, 0.5], "rescale_factor": 0.00392156862745098,
       "size": {"height": 224, "width": 224}}
      """)
    #expect(stated.mean == [0.5, 0.5, 0.5] && stated.std == [0.5, 0.5, 0.5])
    #expect(stated.scale == Float(1) / 255)
    #expect(stated.resize == .exact(width: 224, height: 224) && stated.crop == nil && stated.filter == "bilinear")
  }

  @Test func convNextCropsByShare() throws {
    let stated = try huggingFace(
      """
      {"crop_pct": 0.875, "do_normalize": true, "do_resize": true, "feature_extractor_type": "ConvNextFeatureExtractor",
       "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "resample": 3, "size": 224}
      """)
    #expect(stated.resize == .shorterSide(256) && stated.crop == .init(width: 224, height: 224))
    #expect(stated.filter == "bicubic")
  }

  @Test func deitCropsAfterASquare() throws {
    let stated = try huggingFace(
      """
      {"crop_size": 224, "do_center_crop": true, "do_normalize": true, "do_resize": true, "image_mean": [0.5, 0.5, 0.5],
       "feature_extractor_type": "DeiTFeatureExtractor", "image_std": [0.5, 0.5, 0.5], "resample": 3, "size": 256}
      """)
    #expect(stated.resize == .exact(width: 256, height: 256) && stated.crop == .init(width: 224, height: 224))
  }

  @Test func mobileViTSwapsChannelsAndDoesNotNormalize() throws {
    let stated = try huggingFace(
      """
      {"do_center_crop": true, "crop_size": {"height": 256, "width": 256}, "do_flip_channel_order": true,
       "do_resize": true, "image_processor_type": "MobileViTImageProcessor", "resample": 2, "size": {"shortest_edge": 288}}
      """)
    #expect(stated.isBGR == true && stated.mean == [0] && stated.std == [1] && stated.scale == Float(1) / 255)
    #expect(stated.resize == .shorterSide(288))
  }

  @Test(arguments: [
    ("{\"image_mean\": [0.5], \"do_sharpen\": true}", "do_sharpen"), ("{\"image_mean\": \"x\"}", "image_mean"),
    ("{\"image_mean\": [1, 2]}", "image_mean"), ("{\"do_resize\": true, \"resample\": 1}", "resample"),
    ("{\"do_pad\": true}", "do_pad"), ("{\"do_resize\": true, \"size\": {\"longest_edge\": 2}}", "size"),
  ])
  func whatIsNotUnderstoodIsRefused(text: String, key: String) throws {
    do {
      _ = try huggingFace(text)
      Issue.record("accepted")
    } catch let error as ConfigurationError {
      #expect(error.reason.contains(key))
    }
  }

  @Test func timm() throws {
    let configuration = try object(
      """
      {"tag": "a1_in1k", "input_size": [3, 224, 224], "fixed_input_size": false, "interpolation": "bicubic",
       "crop_pct": 0.95, "crop_mode": "center", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "num_classes": 1000}
      """)
    let stated = try Preprocessing(timm: configuration, from: "config.json")
    #expect(stated.resize == .shorterSide(235) && stated.crop == .init(width: 224, height: 224))
    #expect(stated.filter == "bicubic" && stated.scale == Float(1) / 255)
    #expect(throws: ConfigurationError.self) { try Preprocessing(timm: ["mystery": .number(1)], from: "config.json") }
  }

  @Test func ultralytics() throws {
    let metadata = ["author": "Ultralytics", "task": "classify", "names": "{0: 'a'}", "imgsz": "[224, 224]"]
    let stated = try #require(try Preprocessing(ultralytics: metadata, path: "m.onnx"))
    #expect(stated.scale == Float(1) / 255 && stated.mean == [0] && stated.std == [1])
    #expect(stated.resize == .shorterSide(224))
    #expect(throws: ConfigurationError.self) {
      try Preprocessing(ultralytics: metadata.merging(["task": "detect"]) { $1 }, path: "m.onnx")
    }
    #expect(try Preprocessing(ultralytics: ["producer": "x"], path: "m.onnx") == nil)
  }

  @Test func metadata() throws {
    let stated = try Preprocessing(
      metadata: [
        "input.preprocessing": "tf", "input.std": "2", "input.resize": "256", "input.crop": "240x224", "note": "x",
        "output.activation": "sigmoid",
      ], from: "m")
    #expect(stated.mean == [1] && stated.std == [2] && stated.scale == 1 / 127.5)
    #expect(stated.resize == .shorterSide(256) && stated.crop == .init(width: 240, height: 224))
    for key in ["input.size", "output.kind"] {
      #expect(throws: ConfigurationError.self) { try Preprocessing(metadata: [key: "1"], from: "m") }
    }
  }
}
