import ArgumentParser

@main
struct Tool: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "lambda-bootstrap", version: "0.1.0")
}
