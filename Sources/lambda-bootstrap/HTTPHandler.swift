// Events to the warm pipeline: HTTP requests in their three forms, and direct invocations.
import POSIX
import Streams

final class HTTPHandler: Handler {
  private let service: Service
  private let pipeline: WarmPipeline
  private let log: EventLog
  private var isColdStart = true

  init(service: Service, pipeline: WarmPipeline, log: EventLog) {
    self.service = service
    self.pipeline = pipeline
    self.log = log
  }

  func prepare() throws(InvocationError) {
    try mapError(InvocationError.init, of: pipeline.prepare)
  }

  func answer(_ event: Invocation) throws(InvocationError) -> [UInt8] {
    defer { isColdStart = false }
    return try log.recording(event, isColdStart: isColdStart) { (summary) throws(InvocationError) in
      try answer(event, &summary)
    }
  }

  private func answer(_ event: Invocation, _ summary: inout EventSummary) throws(InvocationError) -> [UInt8] {
    let deadline = event.workDeadline(wall: Clock.wall.milliseconds, monotonic: Clock.monotonic.milliseconds)
    let document = try mapError {
      InvocationError(type: "Function.BadInput", message: "the event is not valid JSON: \($0.sentence)")
    } of: { () throws(JSONDocument.Malformed) in
      // Header values are bytes: what a client sends in Latin-1 arrives as it is.
      try JSONDocument(event.body, acceptsAnyBytes: true)
    }
    pipeline.relay.begin(event.requestID)
    guard let request = HTTPEvent(document) else { return try answerDirectly(document, deadline, &summary) }
    summary.route = "\(request.method) \(request.path)"
    let answer: HTTPAnswer
    switch service.decide(request, in: document) {
    case .answer(let ready): answer = ready
    case .infer(let image):
      do {
        answer = Service.answer(try infer(image, deadline, &summary))
      } catch {
        let reported = InvocationError(error)
        summary.errorType = reported.type
        log.message("\(reported.type): \(reported.message)", requestID: event.requestID)
        answer = Service.answer(error)
      }
    }
    summary.status = answer.status
    return service.finish(answer).json(multiValueHeaders: request.usesMultiValueHeaders)
  }

  private func infer(
    _ image: [UInt8], _ deadline: Int64?, _ summary: inout EventSummary
  ) throws(PipelineFailure) -> PipelineAnswer {
    summary.images += 1
    let start = Clock.monotonic.milliseconds
    let answer = try pipeline.answer(image, deadline: deadline)
    switch answer {
    case .refused(let code, _): summary.failureCode = code
    case .prediction(_, let inference?):
      summary.inferenceMilliseconds = inference
      summary.decodeMilliseconds = max(0, Double(Clock.monotonic.milliseconds - start) - inference)
    case .prediction(_, nil): break
    }
    return answer
  }

  /// `{"image": "<base64>"}`, or `content` as in the reference sample: the prediction object itself.
  private func answerDirectly(
    _ document: JSONDocument, _ deadline: Int64?, _ summary: inout EventSummary
  ) throws(InvocationError) -> [UInt8] {
    guard case .string(let text)? = document.root["image"] ?? document.root["content"] else {
      throw InvocationError(
        type: "Function.BadInput", message: "the event is neither an HTTP request nor has it an image or content")
    }
    guard let image = document.base64(text) else {
      throw InvocationError(type: "Function.BadInput", message: "the image is not base64")
    }
    let answer = try mapError(InvocationError.init) { () throws(PipelineFailure) in
      try infer(image, deadline, &summary)
    }
    switch answer {
    case .prediction(let json, _): return json
    case .refused(let code, let message):
      throw InvocationError(type: "Function.BadInput", message: message, stackTrace: [code])
    }
  }
}

extension InvocationError {
  init(_ failure: PipelineFailure) {
    switch failure {
    case .died(let reason, let lastLines): self.init(reason, command: "the pipeline", lastLines: lastLines)
    case .deadline(let lastLines): self = .timeout(lastLines: lastLines)
    case .notReady(let seconds, let lastLines):
      let tail = lastLines.isEmpty ? "" : "\n\(lastLines)"
      self.init(
        type: "Function.PipelineStart",
        message: "the pipeline was not ready within \(seconds) seconds (--start-limit)\(tail)")
    case .malformed(let what):
      self.init(type: "Function.PipelineAnswer", message: "invalid response from the pipeline: \(what)")
    case .answerTooLong(let limit):
      self.init(type: "Function.PipelineAnswer", message: "the pipeline's answer is longer than \(limit) bytes")
    case .notStarted(let error): self.init(error)
    case .warmUpRefused(let code, let message):
      self.init(type: "Function.PipelineWarmUp", message: "the warm-up image was refused: \(code): \(message)")
    }
  }
}
