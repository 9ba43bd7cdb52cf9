// Carry-less multiplication, which Swift cannot express. There is nothing here unless the importing target is built for
// processors that have it (-mpclmul).
#if defined(__PCLMUL__)
#include <immintrin.h>

// Of 64 bits each: both low halves, both high halves, the high half of `b` and the low half of `a`.
static inline __m128i ccarryless_low(__m128i a, __m128i b) { return _mm_clmulepi64_si128(a, b, 0x00); }
static inline __m128i ccarryless_high(__m128i a, __m128i b) { return _mm_clmulepi64_si128(a, b, 0x11); }
static inline __m128i ccarryless_cross(__m128i a, __m128i b) { return _mm_clmulepi64_si128(a, b, 0x10); }
#endif
