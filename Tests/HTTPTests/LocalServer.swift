// Starts Tests/support/http_server.py, plain or with TLS, for as long as the test process lives.
import Glibc

struct LocalServer: Sendable {
  let origin: String
  let certificate: String?

  static let plain = LocalServer(arguments: "", scheme: "http", certificate: nil)

  /// With a certificate of its own for 127.0.0.1, made by openssl in a temporary folder.
  static let tls: LocalServer = {
    var template = Array("/tmp/http-tests-XXXXXX".utf8CString)
    let folder = unsafe String(cString: mkdtemp(&template)!)
    let made = unsafe system(
      "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 "
        + "-keyout \(folder)/key.pem -out \(folder)/certificate.pem 2>/dev/null")
    precondition(made == 0, "openssl is needed")
    return LocalServer(
      arguments: "--tls \(folder)/certificate.pem \(folder)/key.pem", scheme: "https",
      certificate: "\(folder)/certificate.pem")
  }()

  private init(arguments: String, scheme: String, certificate: String?) {
    let script = #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/support/http_server.py"
    let pipe = unsafe popen("exec python3 '/\(script)' \(arguments)", "r")!
    var port: Int32 = 0
    unsafe withUnsafeMutablePointer(to: &port) { pointer in
      unsafe withVaList([pointer]) { _ = unsafe vfscanf(pipe, "%d", $0) }
    }
    precondition(port > 0, "python3 is needed")
    origin = "\(scheme)://127.0.0.1:\(port)"
    self.certificate = certificate
  }
}

/// An unlinked temporary file holding `bytes`.
func temporaryFile(_ bytes: [UInt8] = []) -> Int32 {
  var template = Array("/tmp/http-tests-XXXXXX".utf8CString)
  let descriptor = unsafe mkstemp(&template)
  unsafe unlink(template)
  unsafe _ = write(descriptor, bytes, bytes.count)
  return descriptor
}

/// What `/bytes/N` answers.
func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 251) } }
