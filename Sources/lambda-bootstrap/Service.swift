// Requests to responses: routes, size limits, and the HTTP status of each result of the pipeline.

import HTTPFields

/// The service's flags.
struct ServiceSettings {
  var routes: [Route] = [Route(method: "POST", path: "/predict")]
  /// Bytes of an image.
  var imageLimit = 6 << 20
  /// The value of `access-control-allow-origin`; nil sends none.
  var allowedOrigin: String?
  var page: Page?
}

/// An image to infer, or the answer that needs none.
enum Decision: Equatable {
  case infer([UInt8])
  case answer(HTTPAnswer)
}

struct Service {
  let settings: ServiceSettings

  func decide(_ request: HTTPEvent, in document: JSONDocument) -> Decision {
    guard let path = request.paths.first(where: { !allowedMethods($0).isEmpty }) ?? suffixPath(request.path) else {
      return .answer(.error(404, "not-found", "there is nothing at \(request.path)"))
    }
    let methods = allowedMethods(path)
    if request.method == "OPTIONS", settings.allowedOrigin != nil { return .answer(preflight(methods)) }
    guard methods.contains(request.method) else {
      let allow = methods.joined(separator: ", ")
      return .answer(.error(405, "method-not-allowed", "allowed here: \(allow)", headers: [("allow", allow)]))
    }
    if settings.routes.contains(Route(method: request.method, path: path)) {
      return decideImage(request, in: document)
    }
    var answer =
      path == "/health" ? HTTPAnswer(200, body: #"{"status":"ok"}"#) : settings.page!.answer()
    if request.method == "HEAD" { answer.body = "" }
    return .answer(answer)
  }

  /// An answer as the caller gets it, with what cross-origin callers need if there are any.
  func finish(_ answer: HTTPAnswer) -> HTTPAnswer {
    guard let origin = settings.allowedOrigin else { return answer }
    var answer = answer
    answer.headers.append(("access-control-allow-origin", origin))
    if origin != "*" { answer.headers.append(("vary", "origin")) }
    return answer
  }

  /// The answer for what the pipeline said.
  static func answer(_ outcome: PipelineAnswer) -> HTTPAnswer {
    switch outcome {
    case .prediction(let json, _): HTTPAnswer(200, body: String(decoding: json, as: UTF8.self))
    case .refused(let code, let message): .error(status(ofCode: code), code, message)
    }
  }

  /// The answer for a pipeline that failed. What it wrote on standard error is in the log, not for the caller.
  static func answer(_ failure: PipelineFailure) -> HTTPAnswer {
    if case .deadline = failure { return .error(504, "timeout", "the image took too long") }
    return .error(503, "unavailable", "the model is being restarted; try again", headers: [("retry-after", "1")])
  }

  /// The path that this one ends with, behind a base path of a custom domain which the event does not name.
  private func suffixPath(_ path: String) -> String? {
    let components = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    if components.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) { return nil }
    return (settings.routes.map(\.path) + ["/health"]).first { $0 != "/" && path.hasSuffix($0) }
  }

  private func allowedMethods(_ path: String) -> [String] {
    var methods = settings.routes.filter { $0.path == path }.map(\.method)
    if path == "/health" || (path == "/" && settings.page != nil) { methods += ["GET", "HEAD"] }
    return methods
  }

  private func preflight(_ methods: [String]) -> HTTPAnswer {
    HTTPAnswer(
      204,
      headers: [
        ("access-control-allow-methods", methods.joined(separator: ", ")),
        ("access-control-allow-headers", "content-type"), ("access-control-max-age", "86400"),
      ], body: "")
  }

  /// The bytes decide, not the content type: clients send image/jpg, image/*, application/x-www-form-urlencoded (plain
  /// `curl --data-binary`), or none. What is not a JPEG is refused, by name, by the pipeline's first stage.
  private func decideImage(_ request: HTTPEvent, in document: JSONDocument) -> Decision {
    var image: ArraySlice<UInt8>
    do {
      image = try request.bytes(in: document)[...]
    } catch {
      return .answer(.error(400, "not-base64", "the body is declared as base64 and is not"))
    }
    let contentType = request.headers["content-type"] ?? ""
    if !Self.isJPEG(image), MediaType(contentType).name == "multipart/form-data" {
      do {
        image = try Multipart.file(in: image, contentType: contentType)
      } catch {
        return .answer(.error(400, "bad-form", Self.sentence(error)))
      }
    }
    if image.isEmpty { return .answer(.error(400, "empty", "there is no image in the request")) }
    guard image.count <= settings.imageLimit else {
      return .answer(.error(413, "too-large", "the image is larger than \(settings.imageLimit) bytes"))
    }
    return .infer(Array(image))
  }

  /// Whether the bytes begin with a JPEG's start-of-image marker.
  private static func isJPEG(_ bytes: ArraySlice<UInt8>) -> Bool { bytes.starts(with: [0xFF, 0xD8]) }

  /// By the words that the stages use in their error records.
  private static func status(ofCode code: String) -> Int {
    switch code {
    case "too-large": 413
    case "not-jpeg": 415
    default: 422
    }
  }

  private static func sentence(_ error: Multipart.Malformed) -> String {
    switch error {
    case .noBoundary: "the content type has no boundary"
    case .notMultipart: "the body is not multipart/form-data"
    case .noFile: "the form has no file"
    case .severalFiles: "the form has more than one file"
    }
  }
}
