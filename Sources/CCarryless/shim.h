// CRC-32 by carry-less multiplication. Swift has no name for the instruction, so this one function is C.
// Gopal et al., "Fast CRC computation for generic polynomials using PCLMULQDQ instruction", Intel, 2009; the constants
// are x^n modulo the reflected polynomial, for the distances below.
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>

// Whether this processor has the instructions.
static inline int ccarryless_is_available(void) {
  return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

// The register (inverted at start and end by the caller) after `count` more bytes: a multiple of 16, at least 64.
__attribute__((target("pclmul,sse4.1"))) static inline uint32_t ccarryless_crc32(uint32_t crc, const uint8_t *bytes,
                                                                                 size_t count) {
  const __m128i by64 = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4);   // 64 bytes on
  const __m128i by16 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);   // 16 bytes on
  const __m128i by8 = _mm_set_epi64x(0, 0x0163cd6124);               // the last 64 bits
  const __m128i barrett = _mm_set_epi64x(0x01f7011641, 0x01db710641);  // quotient and polynomial
  const __m128i low = _mm_setr_epi32(~0, 0, ~0, 0);
  const __m128i *next = (const __m128i *)bytes;
  __m128i a = _mm_xor_si128(_mm_loadu_si128(next), _mm_cvtsi32_si128((int)crc));
  __m128i b = _mm_loadu_si128(next + 1), c = _mm_loadu_si128(next + 2), d = _mm_loadu_si128(next + 3);
#define FOLD(x, by, more)                                                                        \
  _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, by, 0x00), _mm_clmulepi64_si128(x, by, 0x11)), more)
  for (next += 4, count -= 64; count >= 64; next += 4, count -= 64) {
    a = FOLD(a, by64, _mm_loadu_si128(next));
    b = FOLD(b, by64, _mm_loadu_si128(next + 1));
    c = FOLD(c, by64, _mm_loadu_si128(next + 2));
    d = FOLD(d, by64, _mm_loadu_si128(next + 3));
  }
  a = FOLD(a, by16, b);
  a = FOLD(a, by16, c);
  a = FOLD(a, by16, d);
  for (; count >= 16; next++, count -= 16) a = FOLD(a, by16, _mm_loadu_si128(next));
#undef FOLD
  // 128 bits to 64, 64 to 32.
  a = _mm_xor_si128(_mm_srli_si128(a, 8), _mm_clmulepi64_si128(a, by16, 0x10));
  a = _mm_xor_si128(_mm_srli_si128(a, 4), _mm_clmulepi64_si128(_mm_and_si128(a, low), by8, 0x00));
  __m128i quotient = _mm_and_si128(_mm_clmulepi64_si128(_mm_and_si128(a, low), barrett, 0x10), low);
  a = _mm_xor_si128(a, _mm_clmulepi64_si128(quotient, barrett, 0x00));
  return (uint32_t)_mm_extract_epi32(a, 1);
}
#endif
