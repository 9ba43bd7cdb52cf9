import ArgumentParser

@main
struct Tool: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "imgdecode", version: "0.1.0")
}
