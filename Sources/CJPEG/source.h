// libjpeg's data source: one file in memory.
#ifndef CJPEG_SOURCE_H
#define CJPEG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jpeglib.h>

typedef struct {
  /// First, so that libjpeg's pointer to it is a pointer to all of this.
  struct jpeg_source_mgr manager;
  const uint8_t *bytes;
  size_t byteCount;
  /// Whether libjpeg has asked for more than there is.
  bool ended;
  /// How many bytes had been read when the last row of blocks was decoded; more than `byteCount` where that took more
  /// than there is.
  size_t imageDataEnd;
} JPEGSource;

/// Makes the source that of the image. The bytes must live as long as the image.
void JPEGSourceInitialize(JPEGSource *source, j_decompress_ptr image, const uint8_t *bytes, size_t byteCount);

/// Notes that image data has been decoded up to where the source is.
void JPEGSourceNotePosition(JPEGSource *source);

/// Whether the image data that was decoded is not all the file's: it reached the end of the file, or it took in zeros
/// that fill the file up to its end, as an interrupted download leaves them.
bool JPEGSourceLacksData(const JPEGSource *source);

#endif
