// The image sent to a pipeline when it starts: a colour gradient of 32 x 32 pixels as a baseline JPEG, made with Pillow:
// putdata((8x, 8y, 255 - 4(x + y))), quality 40, optimised.
import ASCII

/// A valid JPEG that every working pipeline has a prediction for.
let warmUpImage: [UInt8] =
  decodeBase64(
    ArraySlice(
      """
      /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4
      x9lnN+gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHz/wAARCAAg
      ACADASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAwQF/8QAFxAAAwEAAAAAAAAAAAAAAAAAAAIDYf/EABcBAQADAAAAAAAAAAAAAAAAAA
      UDBAb/xAAVEQEBAAAAAAAAAAAAAAAAAAADAP/aAAwDAQACEQMRAD8AwEkMkihJDJLBpXowWnSQ6SHSQySCleaBYkkMkihJDJIrq9kgWBJDJIdJ
      DJLAtXmwW//Z
      """.utf8)) ?? []
