// Events to the warm pipeline: HTTP requests in their three wrappings, and direct invocations.
import Streams

final class HTTPHandler: Handler {
  private let service: Service
  private let pipeline: WarmPipeline

  init(service: Service, pipeline: WarmPipeline) {
    self.service = service
    self.pipeline = pipeline
  }

  func prepare() throws(InvocationError) {
    do { try pipeline.prepare() } catch { throw InvocationError(error) }
  }

  func answer(_ event: Invocation) throws(InvocationError) -> [UInt8] {
    let deadline = event.workDeadline(wall: Clock.wall(), monotonic: Clock.monotonic())
    let document: JSONDocument
    do {
      document = try JSONDocument(event.body)
    } catch {
      throw InvocationError(type: "Function.BadInput", message: "the event is not JSON that is read here: \(error)")
    }
    pipeline.relay.begin(event.requestID)
    guard let request = HTTPEvent(document) else { return try answerDirectly(document, deadline: deadline) }
    let answer: HTTPAnswer
    switch service.decide(request, in: document) {
    case .answer(let ready): answer = ready
    case .infer(let image):
      do {
        answer = Service.answer(try pipeline.answer(image, deadline: deadline))
      } catch {
        log(InvocationError(error), event)
        answer = Service.answer(error)
      }
    }
    return service.finish(answer).json
  }

  /// `{"image": "<base64>"}`, or `content` as in the reference sample: the prediction object itself.
  private func answerDirectly(_ document: JSONDocument, deadline: Int64?) throws(InvocationError) -> [UInt8] {
    guard case .string(let text)? = document.root["image"] ?? document.root["content"] else {
      throw InvocationError(
        type: "Function.BadInput", message: "the event is neither an HTTP request nor has it an image or content")
    }
    guard let image = document.base64(text) else {
      throw InvocationError(type: "Function.BadInput", message: "the image is not base64")
    }
    do {
      switch try pipeline.answer(image, deadline: deadline) {
      case .prediction(let json): return json
      case .refused(let code, let message):
        throw InvocationError(type: "Function.BadInput", message: message, stackTrace: [code])
      }
    } catch let failure as PipelineFailure {
      throw InvocationError(failure)
    } catch let error as InvocationError {
      throw error
    } catch {
      preconditionFailure("both kinds of error are caught above")
    }
  }

  private func log(_ error: InvocationError, _ event: Invocation) {
    report(tool: "lambda-bootstrap", object: event.requestID, reason: "\(error.type): \(error.message)")
  }
}

extension InvocationError {
  init(_ failure: PipelineFailure) {
    switch failure {
    case .died(let reason, let lastLines): self.init(reason, command: "the pipeline", lastLines: lastLines)
    case .deadline(let lastLines): self = .timeout(lastLines: lastLines)
    case .malformed(let what):
      self.init(type: "Function.PipelineAnswer", message: "the pipeline's answer was not taken: \(what)")
    case .answerTooLong(let limit):
      self.init(type: "Function.PipelineAnswer", message: "the pipeline's answer is longer than \(limit) bytes")
    case .notStarted(let error): self.init(error)
    case .notProven(let code, let message):
      self.init(type: "Function.PipelineProof", message: "the proof image was refused: \(code): \(message)")
    }
  }
}
