// Instructions for cyclic redundancy checks, which Swift cannot express. There is nothing here unless the importing target is built for
// processors that have them (-mpclmul; -march=armv8-a+crc).
#if defined(__PCLMUL__)
#include <immintrin.h>

// Carry-less products of 64 bits each: both low halves, both high halves, the high half of `b` and the low half of `a`.
static inline __m128i crc_multiply_low(__m128i a, __m128i b) { return _mm_clmulepi64_si128(a, b, 0x00); }
static inline __m128i crc_multiply_high(__m128i a, __m128i b) { return _mm_clmulepi64_si128(a, b, 0x11); }
static inline __m128i crc_multiply_cross(__m128i a, __m128i b) { return _mm_clmulepi64_si128(a, b, 0x10); }
#endif

#if defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>

// The registers of CRC-32 and CRC-32C after eight bytes, the first of them the lowest.
static inline unsigned crc_update_32(unsigned crc, unsigned long bytes) { return __crc32d(crc, bytes); }
static inline unsigned crc_update_32c(unsigned crc, unsigned long bytes) { return __crc32cd(crc, bytes); }
#endif
