import ArgumentParser

@main
struct Tool: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "classify", version: "0.1.0")
}
