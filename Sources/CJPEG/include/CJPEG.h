// One JPEG to pixels through libjpeg, for Swift: libjpeg reports errors by longjmp, which must not cross Swift's frames.
#ifndef CJPEG_H
#define CJPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What became of one image.
typedef enum {
  JPEG_DECODED = 0,
  /// The image data ends before the image does.
  JPEG_TRUNCATED,
  /// The data contradicts itself; `message` says how.
  JPEG_CORRUPT,
  /// A valid file that this library does not decode; `message` says why.
  JPEG_UNSUPPORTED,
  /// More scans than `maximumScans`.
  JPEG_TOO_MANY_SCANS,
  /// The decoder needs more than `maximumMemory`.
  JPEG_TOO_MUCH_MEMORY,
  /// The machine has no memory left.
  JPEG_OUT_OF_MEMORY,
  /// libjpeg reads another size, component count or number of scans from the header than the caller did.
  JPEG_HEADERS_DISAGREE,
} JPEGOutcome;

/// One image and how it is decoded.
typedef struct {
  /// The file, beginning with the start-of-image marker. Read only, and only during the call.
  const uint8_t *bytes;
  size_t byteCount;
  /// What the caller's own reading of the header says, for which `pixels` was allocated.
  uint32_t width;
  uint32_t height;
  int32_t componentCount;
  bool hasMultipleScans;
  /// Eighths of the full size: 1, 2, 4 or 8. The decoded sides are ceil(side * scale / 8).
  uint32_t scale;
  /// Accept image data that is damaged or ends early; the missing parts become gray.
  bool lenient;
  /// Of a file with multiple scans, at most this many are decoded.
  uint32_t maximumScans;
  /// Bytes that libjpeg may allocate; `pixels` is not counted.
  size_t maximumMemory;
  /// Memory of the caller, four bytes a pixel: red, green, blue, 255, or C, M, Y, K where there are four components.
  uint8_t *pixels;
  size_t bytesPerRow;
} JPEGRequest;

typedef struct {
  JPEGOutcome outcome;
  /// libjpeg's words for the error that ended decoding, zero-terminated; else empty.
  char message[256];
} JPEGResult;

/// Decodes one image with the accurate inverse DCT and smooth chroma upsampling.
///
/// No state outlives the call: the decompressor is created and destroyed in it. Every byte of the decoded rows has been
/// written where the outcome is JPEG_DECODED; otherwise `pixels` is undefined.
void JPEGDecode(const JPEGRequest *request, JPEGResult *result);

#endif
