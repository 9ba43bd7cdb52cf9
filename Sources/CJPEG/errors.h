// libjpeg's error manager for one image: what ends its decoding, and what is passed over.
#ifndef CJPEG_ERRORS_H
#define CJPEG_ERRORS_H

#include "CJPEG.h"
#include "source.h"

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

typedef struct {
  /// First, so that libjpeg's pointer to it is a pointer to all of this.
  struct jpeg_error_mgr manager;
  jmp_buf exit;
  bool lenient;
  uint32_t maximumScans;
  const JPEGSource *source;
  JPEGResult *result;
} JPEGErrors;

void JPEGErrorsInitialize(JPEGErrors *errors, const JPEGRequest *request, const JPEGSource *source, JPEGResult *result);

/// Ends decoding with an outcome that needs no words.
_Noreturn void JPEGFail(JPEGErrors *errors, JPEGOutcome outcome);

#endif
