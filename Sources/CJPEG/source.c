// The file's bytes, and behind them end-of-image markers for as long as libjpeg asks.

#include "source.h"

#include <jerror.h>

static const uint8_t endOfImage[] = {0xFF, JPEG_EOI};

/// Bytes that the entropy decoder may hold unread in its bit buffer.
enum { bitBufferSize = sizeof(size_t) };

static void initialize(j_decompress_ptr image) { (void)image; }

/// The bytes are all used: with an end of image the decoder finishes by itself.
static boolean fill(j_decompress_ptr image) {
  JPEGSource *source = (JPEGSource *)image->src;
  source->ended = true;
  source->manager.next_input_byte = endOfImage;
  source->manager.bytes_in_buffer = sizeof endOfImage;
  return TRUE;
}

static void skip(j_decompress_ptr image, long count) {
  struct jpeg_source_mgr *manager = image->src;
  if (count <= 0) return;
  if ((size_t)count > manager->bytes_in_buffer) {
    fill(image);
    return;
  }
  manager->next_input_byte += count;
  manager->bytes_in_buffer -= count;
}

static void terminate(j_decompress_ptr image) { (void)image; }

void JPEGSourceInitialize(JPEGSource *source, j_decompress_ptr image, const uint8_t *bytes, size_t byteCount) {
  *source = (JPEGSource){
    .manager = {
      .next_input_byte = bytes,
      .bytes_in_buffer = byteCount,
      .init_source = initialize,
      .fill_input_buffer = fill,
      .skip_input_data = skip,
      .resync_to_restart = jpeg_resync_to_restart,
      .term_source = terminate,
    },
    .bytes = bytes,
    .byteCount = byteCount,
  };
  image->src = &source->manager;
}

void JPEGSourceNotePosition(JPEGSource *source) {
  source->imageDataEnd = source->ended ? source->byteCount + 1 : source->byteCount - source->manager.bytes_in_buffer;
}

bool JPEGSourceLacksData(const JPEGSource *source) {
  size_t content = source->byteCount;
  while (content > 0 && source->bytes[content - 1] == 0) content--;
  // The last byte of image data may be a zero itself, and the decoder reads ahead.
  size_t end = content < source->byteCount ? content + 1 + bitBufferSize : source->byteCount;
  return source->imageDataEnd > end;
}
