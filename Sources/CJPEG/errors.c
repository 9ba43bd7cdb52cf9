// Which of libjpeg's messages mean what. A fatal error ends an image always; a warning ends it unless it is harmless or
// the caller is lenient.

#include "errors.h"

#include <jerror.h>

/// The outcome that libjpeg's fatal error with this code stands for.
static JPEGOutcome outcome(int code) {
  switch (code) {
  case JERR_OUT_OF_MEMORY:
    return JPEG_OUT_OF_MEMORY;
  case JERR_NO_BACKING_STORE:
    return JPEG_TOO_MUCH_MEMORY;
  case JERR_ARITH_NOTIMPL:
  case JERR_BAD_PRECISION:
  case JERR_CCIR601_NOTIMPL:
  case JERR_COMPONENT_COUNT:
  case JERR_CONVERSION_NOTIMPL:
  case JERR_FRACT_SAMPLE_NOTIMPL:
  case JERR_SOF_UNSUPPORTED:
    return JPEG_UNSUPPORTED;
  default:
    return JPEG_CORRUPT;
  }
}

/// Whether a warning is about bytes that take no part in the image, or about labels.
static bool isHarmless(int code) {
  switch (code) {
  case JWRN_ADOBE_XFORM:
  case JWRN_BOGUS_PROGRESSION:
  case JWRN_EXTRANEOUS_DATA:
  case JWRN_JFIF_MAJOR:
  case JWRN_NOT_SEQUENTIAL:
    return true;
  // The source has run dry; whether anything is missing shows when the decoder asks for it (JWRN_HIT_MARKER).
  case JWRN_JPEG_EOF:
    return true;
  default:
    return false;
  }
}

/// Ends decoding with libjpeg's current message.
static _Noreturn void fail(JPEGErrors *errors, j_common_ptr image, JPEGOutcome outcome) {
  _Static_assert(sizeof errors->result->message >= JMSG_LENGTH_MAX, "libjpeg's longest message fits");
  // A segment that is cut short reads as nonsense.
  if (outcome == JPEG_CORRUPT && errors->source->ended) outcome = JPEG_TRUNCATED;
  errors->manager.format_message(image, errors->result->message);
  JPEGFail(errors, outcome);
}

static void errorExit(j_common_ptr image) {
  JPEGErrors *errors = (JPEGErrors *)image->err;
  fail(errors, image, outcome(image->err->msg_code));
}

/// Level −1 is a warning; 0 and above are remarks.
static void emitMessage(j_common_ptr image, int level) {
  JPEGErrors *errors = (JPEGErrors *)image->err;
  if (level >= 0 || errors->lenient || isHarmless(image->err->msg_code)) return;
  fail(errors, image, JPEG_CORRUPT);
}

void JPEGErrorsInitialize(JPEGErrors *errors, const JPEGRequest *request, const JPEGSource *source, JPEGResult *result) {
  jpeg_std_error(&errors->manager);
  errors->manager.error_exit = errorExit;
  errors->manager.emit_message = emitMessage;
  errors->lenient = request->lenient;
  errors->maximumScans = request->maximumScans;
  errors->source = source;
  errors->result = result;
}

void JPEGFail(JPEGErrors *errors, JPEGOutcome outcome) {
  errors->result->outcome = outcome;
  longjmp(errors->exit, 1);
}
