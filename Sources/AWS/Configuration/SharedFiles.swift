// ~/.aws/config and ~/.aws/credentials: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html

import ASCII

/// One section of a file: plain settings, and settings that hold settings (`s3 =`, indented lines below it).
struct Section: Equatable, Sendable {
  var values: [String: String] = [:]
  var nested: [String: [String: String]] = [:]

  mutating func merge(_ other: Section) {
    values.merge(other.values) { $1 }
    nested.merge(other.nested) { $0.merging($1) { $1 } }
  }
}

/// The sections of both files.
struct SharedFiles: Equatable, Sendable {
  private(set) var profiles: [String: Section] = [:]
  private(set) var ssoSessions: [String: Section] = [:]
  private(set) var services: [String: Section] = [:]

  /// No files.
  init() {}

  /// Reads the files that the environment names; a file that is not there is empty.
  init(_ environment: SystemEnvironment) throws(ConfigurationError) {
    let config = environment.expand(environment.variable("AWS_CONFIG_FILE") ?? "~/.aws/config")
    let credentials = environment.expand(
      environment.variable("AWS_SHARED_CREDENTIALS_FILE") ?? "~/.aws/credentials")
    if let bytes = environment.readFile(config) {
      for (heading, section) in try Self.sections(of: bytes, path: config) { add(section, heading: heading) }
    }
    if let bytes = environment.readFile(credentials) {
      for (heading, section) in try Self.sections(of: bytes, path: credentials) {
        profiles[heading, default: Section()].merge(section)
      }
    }
  }

  /// A section of the configuration file: `default`, `profile NAME`, `sso-session NAME`, `services NAME`; a name may stand
  /// in quotes.
  private mutating func add(_ section: Section, heading: String) {
    let words = heading.split(maxSplits: 1) { $0 == " " || $0 == "\t" }.map(String.init)
    let name = words.count == 2 ? unquoted(words[1].asciiTrimmed) : ""
    switch (words.first.map(unquoted), words.count) {
    case ("default", 1): profiles["default", default: Section()].merge(section)
    case ("profile", 2): profiles[name, default: Section()].merge(section)
    case ("sso-session", 2): ssoSessions[name, default: Section()].merge(section)
    case ("services", 2): services[name, default: Section()].merge(section)
    // Older files leave the word `profile` out.
    default: profiles[heading, default: Section()].merge(section)
    }
  }

  static func sections(of bytes: [UInt8], path: String) throws(ConfigurationError) -> [(String, Section)] {
    var sections = [(heading: String, section: Section)]()
    var lastKey: String?
    for (index, line) in String(decoding: bytes, as: UTF8.self)
      .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
    {
      let text = line.asciiTrimmed
      if text.isEmpty || text.hasPrefix("#") || text.hasPrefix(";") { continue }
      let malformed = ConfigurationError.malformedFile(path: path, line: index + 1)
      if text.hasPrefix("[") {
        guard let end = text.firstIndex(of: "]") else { throw malformed }
        let heading = text[text.index(after: text.startIndex)..<end].asciiTrimmed
        guard !heading.isEmpty else { throw malformed }
        sections.append((heading, Section()))
        lastKey = nil
        continue
      }
      guard let last = sections.indices.last else { throw malformed }
      let isNested = line.first == " " || line.first == "\t"
      guard let equals = text.firstIndex(of: "=") else {
        // A continuation line of a setting that is not read here.
        if isNested && lastKey != nil { continue }
        throw malformed
      }
      let key = text[..<equals].asciiTrimmed.asciiLowercased
      let value = withoutComment(text[text.index(after: equals)...].asciiTrimmed)
      guard !key.isEmpty else { throw malformed }
      if isNested, let parent = lastKey, sections[last].section.values[parent]?.isEmpty ?? false {
        sections[last].section.nested[parent, default: [:]][key] = value
      } else {
        sections[last].section.values[key] = value
        lastKey = key
      }
    }
    return sections
  }
}

/// A comment within a line begins with white space and `#` or `;`.
private func withoutComment(_ text: String) -> String {
  var previous: Character = "x"
  for (offset, character) in text.enumerated() {
    if (character == "#" || character == ";") && previous.isWhitespace { return text.prefix(offset).asciiTrimmed }
    previous = character
  }
  return text
}

/// A name without the quotes around it.
private func unquoted(_ text: String) -> String {
  guard text.utf8.count >= 2, let quote = text.first, quote == "\"" || quote == "'", text.last == quote else {
    return text
  }
  return String(text.dropFirst().dropLast())
}
