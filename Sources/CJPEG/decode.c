// Decodes one JPEG. Each call has a decompressor of its own, so that no table, marker or buffer of one image reaches the
// next; every warning is judged by itself, so that none hides another.

#include "CJPEG.h"

#include "errors.h"
#include "source.h"

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>
#include <jerror.h>

/// Rows requested at once: libjpeg returns at most one row of blocks.
enum { rowsPerCall = 16 };

/// Called before every row of blocks that is read: bounds the work even where the caller has counted fewer scans.
static void checkProgress(j_common_ptr common) {
  j_decompress_ptr image = (j_decompress_ptr)common;
  JPEGErrors *errors = (JPEGErrors *)common->err;
  JPEGSourceNotePosition((JPEGSource *)image->src);
  if (image->input_scan_number > (int64_t)errors->maximumScans) JPEGFail(errors, JPEG_TOO_MANY_SCANS);
}

/// Whether libjpeg has read from the header what the caller has.
static bool agrees(j_decompress_ptr image, const JPEGRequest *request) {
  return image->image_width == request->width && image->image_height == request->height
    && image->num_components == request->componentCount
    && (jpeg_has_multiple_scans(image) != 0) == request->hasMultipleScans;
}

/// Whether the scans of a file with multiple scans have delivered every component and every bit of every coefficient.
static bool scansAreComplete(j_decompress_ptr image) {
  for (int component = 0; component < image->num_components; component++) {
    // A component's quantization table is kept when its first scan begins.
    if (image->comp_info[component].quant_table == NULL) return false;
    if (image->coef_bits == NULL) continue;
    for (int coefficient = 0; coefficient < DCTSIZE2; coefficient++) {
      // −1: never sent; otherwise the number of low bits that are still missing.
      if (image->coef_bits[component][coefficient] != 0) return false;
    }
  }
  return true;
}

/// The steps of decoding; does not return where one fails.
static void decode(j_decompress_ptr image, const JPEGRequest *request, JPEGErrors *errors) {
  image->mem->max_memory_to_use = (long)request->maximumMemory;
  jpeg_read_header(image, TRUE);
  if (!agrees(image, request)) JPEGFail(errors, JPEG_HEADERS_DISAGREE);

  image->scale_num = request->scale;
  image->scale_denom = 8;
  image->out_color_space = request->componentCount == 4 ? JCS_CMYK : JCS_EXT_RGBX;
  jpeg_start_decompress(image);  // reads all scans where there are multiple
  const JPEGSource *source = (const JPEGSource *)image->src;
  if (request->hasMultipleScans && !request->lenient) {
    if (!scansAreComplete(image) || JPEGSourceLacksData(source)) JPEGFail(errors, JPEG_TRUNCATED);
  }

  while (image->output_scanline < image->output_height) {
    JSAMPROW rows[rowsPerCall];
    for (int row = 0; row < rowsPerCall; row++) {
      rows[row] = request->pixels + (image->output_scanline + row) * request->bytesPerRow;
    }
    JDIMENSION left = image->output_height - image->output_scanline;
    jpeg_read_scanlines(image, rows, left < rowsPerCall ? left : rowsPerCall);
  }
  if (!request->hasMultipleScans && !request->lenient) {
    JPEGSourceNotePosition((JPEGSource *)image->src);
    if (JPEGSourceLacksData(source)) JPEGFail(errors, JPEG_TRUNCATED);
  }
}

void JPEGDecode(const JPEGRequest *request, JPEGResult *result) {
  struct jpeg_decompress_struct image = {0};
  struct jpeg_progress_mgr progress = {.progress_monitor = checkProgress};
  JPEGErrors errors;
  JPEGSource source = {0};

  *result = (JPEGResult){.outcome = JPEG_DECODED};
  JPEGErrorsInitialize(&errors, request, &source, result);
  image.err = &errors.manager;
  if (setjmp(errors.exit) == 0) {
    jpeg_create_decompress(&image);
    image.progress = &progress;
    JPEGSourceInitialize(&source, &image, request->bytes, request->byteCount);
    decode(&image, request, &errors);
  }
  jpeg_destroy_decompress(&image);
}
