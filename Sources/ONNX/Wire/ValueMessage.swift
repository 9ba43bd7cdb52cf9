// A ValueInfoProto, decoded field by field.

/// A ValueInfoProto: the name, element type and dimensions of an input or output.
struct ValueMessage {
  enum Dimension {
    case size(Int)
    case name(String)
  }

  var name = ""
  var elementType: Int?
  var dimensions: [Dimension]?

  init(_ reader: WireReader) throws(ModelError) {
    var reader = reader
    while let field = try reader.next() {
      switch field.number {
      case 1: name = try field.text(reader)
      case 2: try readType(field.message(reader))
      default: break
      }
    }
  }

  private mutating func readType(_ reader: WireReader) throws(ModelError) {
    var reader = reader
    while let field = try reader.next() {
      if field.number != 1 { continue }
      var tensor = try field.message(reader)
      while let field = try tensor.next() {
        switch field.number {
        case 1: elementType = try field.int(tensor)
        case 2: try readShape(field.message(tensor))
        default: break
        }
      }
    }
  }

  private mutating func readShape(_ reader: WireReader) throws(ModelError) {
    var (reader, dimensions) = (reader, [Dimension]())
    while let field = try reader.next() {
      if field.number != 1 { continue }
      var (message, dimension) = (try field.message(reader), Dimension.name("?"))
      while let field = try message.next() {
        switch field.number {
        case 1: dimension = .size(try field.int(message))
        case 2: dimension = .name(try field.text(message))
        default: break
        }
      }
      dimensions.append(dimension)
    }
    self.dimensions = dimensions
  }
}
