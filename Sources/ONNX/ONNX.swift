// ONNX
