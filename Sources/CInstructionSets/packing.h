// Floats held to an interval, and four vectors of floats as bytes: what ends a product of bytes. Swift's `replacing(with:where:)` makes a comparison and a
// blend of what is one instruction, and it has no packing of integers.
#pragma once

#include "bytes.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

typedef unsigned char isa_u8x32 __attribute__((vector_size(32)));
typedef unsigned char isa_u8x64 __attribute__((vector_size(64)));

/// How numbers become bytes: not above `high`, rounded to the nearest integer, ties to even, plus `zero`, not below `low`, XOR `flip`.
typedef struct {
  float high;
  short zero;
  unsigned char low;
  unsigned char flip;
} isa_byte_form;

// raised: `low` where x < low; lowered: `high` where x > high; NaN stays NaN (the second operand of max and min).
// packed: the bytes of four vectors; 16 bytes for every four lanes, four bytes of each vector. NaN becomes `low`. Values below −2³¹ saturate.
// ordered: those bytes vector by vector.

#define ISA_SELECTED(N, condition, a, b) \
  (isa_f32x##N)(((isa_i32x##N)(a) & (condition)) | ((isa_i32x##N)(b) & ~(condition)))

#define ISA_PLAIN_LIMITS(N)                                                                                    \
  ISA_DOOR isa_f32x##N isa_raised_##N(isa_f32x##N x, isa_f32x##N low) {                                        \
    return ISA_SELECTED(N, (isa_i32x##N)(x < low), low, x);                                                    \
  }                                                                                                            \
  ISA_DOOR isa_f32x##N isa_lowered_##N(isa_f32x##N x, isa_f32x##N high) {                                      \
    return ISA_SELECTED(N, (isa_i32x##N)(x > high), high, x);                                                  \
  }

#define ISA_PLAIN_PACKING(N, M)                                                                                \
  ISA_DOOR isa_u8x##M isa_packed_##N(isa_f32x##N a, isa_f32x##N b, isa_f32x##N c, isa_f32x##N d,               \
                                     isa_byte_form form) {                                                     \
    isa_f32x##N vectors[4] = {a, b, c, d};                                                                     \
    isa_u8x##M bytes;                                                                                          \
    for (int v = 0; v < 4; v++) {                                                                              \
      isa_f32x##N low = (isa_f32x##N){0} + (float)(form.low - form.zero);                                      \
      isa_f32x##N x = ISA_SELECTED(N, (isa_i32x##N)(vectors[v] > low), vectors[v], low);                       \
      x = isa_lowered_##N(x, (isa_f32x##N){0} + form.high);                                                    \
      isa_i32x##N integers = (isa_i32x##N)(x + 12582912.0f) + (form.zero - 0x4B400000);                        \
      for (int i = 0; i < N; i++) bytes[i / 4 * 16 + 4 * v + i % 4] = (unsigned char)integers[i] ^ form.flip;  \
    }                                                                                                          \
    return bytes;                                                                                              \
  }                                                                                                            \
  ISA_DOOR isa_u8x##M isa_ordered_##N(isa_u8x##M packed) {                                                     \
    isa_u8x##M bytes;                                                                                          \
    for (int i = 0; i < M; i++) bytes[i] = packed[i % N / 4 * 16 + i / N * 4 + i % 4];                         \
    return bytes;                                                                                              \
  }

#if defined(__SSE2__)
ISA_DOOR isa_f32x4 isa_raised_4(isa_f32x4 x, isa_f32x4 low) { return (isa_f32x4)_mm_max_ps((__m128)low, (__m128)x); }
ISA_DOOR isa_f32x4 isa_lowered_4(isa_f32x4 x, isa_f32x4 high) { return (isa_f32x4)_mm_min_ps((__m128)high, (__m128)x); }

ISA_DOOR isa_u8x16 isa_packed_4(isa_f32x4 a, isa_f32x4 b, isa_f32x4 c, isa_f32x4 d, isa_byte_form form) {
  __m128 high = _mm_set1_ps(form.high);
  __m128i ab = _mm_packs_epi32(_mm_cvtps_epi32(_mm_min_ps(high, (__m128)a)), _mm_cvtps_epi32(_mm_min_ps(high, (__m128)b)));
  __m128i cd = _mm_packs_epi32(_mm_cvtps_epi32(_mm_min_ps(high, (__m128)c)), _mm_cvtps_epi32(_mm_min_ps(high, (__m128)d)));
  __m128i zero = _mm_set1_epi16(form.zero);
  __m128i bytes = _mm_packus_epi16(_mm_adds_epi16(ab, zero), _mm_adds_epi16(cd, zero));
  bytes = _mm_max_epu8(bytes, _mm_set1_epi8((char)form.low));
  return (isa_u8x16)_mm_xor_si128(bytes, _mm_set1_epi8((char)form.flip));
}
ISA_DOOR isa_u8x16 isa_ordered_4(isa_u8x16 packed) { return packed; }
#elif defined(__aarch64__)
ISA_PLAIN_LIMITS(4)

ISA_DOOR isa_u8x16 isa_packed_4(isa_f32x4 a, isa_f32x4 b, isa_f32x4 c, isa_f32x4 d, isa_byte_form form) {
  // maxnm takes the number where the other operand is NaN.
  float32x4_t low = vdupq_n_f32((float)(form.low - form.zero)), high = vdupq_n_f32(form.high);
#define ISA_NARROWED(x) vqmovn_s32(vcvtnq_s32_f32(vminq_f32(vmaxnmq_f32((float32x4_t)(x), low), high)))
  int16x8_t ab = vcombine_s16(ISA_NARROWED(a), ISA_NARROWED(b)), cd = vcombine_s16(ISA_NARROWED(c), ISA_NARROWED(d));
#undef ISA_NARROWED
  int16x8_t zero = vdupq_n_s16(form.zero);
  uint8x16_t bytes = vcombine_u8(vqmovun_s16(vqaddq_s16(ab, zero)), vqmovun_s16(vqaddq_s16(cd, zero)));
  return (isa_u8x16)veorq_u8(bytes, vdupq_n_u8(form.flip));
}
ISA_DOOR isa_u8x16 isa_ordered_4(isa_u8x16 packed) { return packed; }
#else
ISA_PLAIN_LIMITS(4)
ISA_PLAIN_PACKING(4, 16)
#endif

#if defined(__AVX2__)
ISA_DOOR isa_f32x8 isa_raised_8(isa_f32x8 x, isa_f32x8 low) { return (isa_f32x8)_mm256_max_ps((__m256)low, (__m256)x); }
ISA_DOOR isa_f32x8 isa_lowered_8(isa_f32x8 x, isa_f32x8 high) {
  return (isa_f32x8)_mm256_min_ps((__m256)high, (__m256)x);
}

ISA_DOOR isa_u8x32 isa_packed_8(isa_f32x8 a, isa_f32x8 b, isa_f32x8 c, isa_f32x8 d, isa_byte_form form) {
  __m256 high = _mm256_set1_ps(form.high);
  __m256i ab = _mm256_packs_epi32(
      _mm256_cvtps_epi32(_mm256_min_ps(high, (__m256)a)), _mm256_cvtps_epi32(_mm256_min_ps(high, (__m256)b)));
  __m256i cd = _mm256_packs_epi32(
      _mm256_cvtps_epi32(_mm256_min_ps(high, (__m256)c)), _mm256_cvtps_epi32(_mm256_min_ps(high, (__m256)d)));
  __m256i zero = _mm256_set1_epi16(form.zero);
  __m256i bytes = _mm256_packus_epi16(_mm256_adds_epi16(ab, zero), _mm256_adds_epi16(cd, zero));
  bytes = _mm256_max_epu8(bytes, _mm256_set1_epi8((char)form.low));
  return (isa_u8x32)_mm256_xor_si256(bytes, _mm256_set1_epi8((char)form.flip));
}
ISA_DOOR isa_u8x32 isa_ordered_8(isa_u8x32 packed) {
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  return (isa_u8x32)_mm256_permutevar8x32_epi32((__m256i)packed, order);
}
#else
ISA_PLAIN_LIMITS(8)
ISA_PLAIN_PACKING(8, 32)
#endif

#if defined(__AVX512BW__)
ISA_DOOR isa_f32x16 isa_raised_16(isa_f32x16 x, isa_f32x16 low) {
  return (isa_f32x16)_mm512_max_ps((__m512)low, (__m512)x);
}
ISA_DOOR isa_f32x16 isa_lowered_16(isa_f32x16 x, isa_f32x16 high) {
  return (isa_f32x16)_mm512_min_ps((__m512)high, (__m512)x);
}

ISA_DOOR isa_u8x64 isa_packed_16(isa_f32x16 a, isa_f32x16 b, isa_f32x16 c, isa_f32x16 d, isa_byte_form form) {
  __m512 high = _mm512_set1_ps(form.high);
  __m512i ab = _mm512_packs_epi32(
      _mm512_cvtps_epi32(_mm512_min_ps(high, (__m512)a)), _mm512_cvtps_epi32(_mm512_min_ps(high, (__m512)b)));
  __m512i cd = _mm512_packs_epi32(
      _mm512_cvtps_epi32(_mm512_min_ps(high, (__m512)c)), _mm512_cvtps_epi32(_mm512_min_ps(high, (__m512)d)));
  __m512i zero = _mm512_set1_epi16(form.zero);
  __m512i bytes = _mm512_packus_epi16(_mm512_adds_epi16(ab, zero), _mm512_adds_epi16(cd, zero));
  bytes = _mm512_max_epu8(bytes, _mm512_set1_epi8((char)form.low));
  return (isa_u8x64)_mm512_xor_si512(bytes, _mm512_set1_epi8((char)form.flip));
}
ISA_DOOR isa_u8x64 isa_ordered_16(isa_u8x64 packed) {
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return (isa_u8x64)_mm512_permutexvar_epi32(order, (__m512i)packed);
}
#else
ISA_PLAIN_LIMITS(16)
ISA_PLAIN_PACKING(16, 64)
#endif

// Stores the M bytes of `bytes`, in halves or quarters.
#define ISA_STORES(M)                                                                                          \
  ISA_DOOR void isa_store_##M(isa_u8x##M bytes, void *to) { __builtin_memcpy(to, &bytes, M); }                 \
  ISA_DOOR void isa_store_halves_##M(isa_u8x##M bytes, void *a, void *b) {                                     \
    __builtin_memcpy(a, &bytes, M / 2);                                                                        \
    __builtin_memcpy(b, (char *)&bytes + M / 2, M / 2);                                                        \
  }                                                                                                            \
  ISA_DOOR void isa_store_quarters_##M(isa_u8x##M bytes, void *a, void *b, void *c, void *d) {                 \
    __builtin_memcpy(a, &bytes, M / 4);                                                                        \
    __builtin_memcpy(b, (char *)&bytes + M / 4, M / 4);                                                        \
    __builtin_memcpy(c, (char *)&bytes + M / 2, M / 4);                                                        \
    __builtin_memcpy(d, (char *)&bytes + 3 * M / 4, M / 4);                                                    \
  }

ISA_STORES(16)
ISA_STORES(32)
ISA_STORES(64)
