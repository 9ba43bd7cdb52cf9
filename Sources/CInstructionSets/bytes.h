// Bytes as vectors of floats and int32 sums: conversions that Swift's SIMD types cannot express. Written with vector extensions, so that every
// target that imports them compiles them with its own instructions.
#pragma once

#define ISA_DOOR static inline __attribute__((always_inline))

// Without this a C expression a * b + c becomes one fused instruction, even where a Swift target imports it.
#pragma STDC FP_CONTRACT OFF

#define ISA_BYTE_VECTORS(N)                                                                                    \
  typedef float isa_f32x##N __attribute__((vector_size(4 * N)));                                               \
  typedef int isa_i32x##N __attribute__((vector_size(4 * N)));                                                 \
  typedef unsigned char isa_u8x##N __attribute__((vector_size(N)));                                            \
  /* The values of N bytes, each XOR `flip`. */                                                                \
  ISA_DOOR isa_f32x##N isa_floats_of_bytes_##N(const unsigned char *from, unsigned char flip) {                \
    isa_u8x##N bytes;                                                                                          \
    __builtin_memcpy(&bytes, from, N);                                                                         \
    return __builtin_convertvector(bytes ^ flip, isa_f32x##N);                                                 \
  }                                                                                                            \
  /* The values of N integers, each rounded to the nearest float, ties to even. */                             \
  ISA_DOOR isa_f32x##N isa_floats_of_sums_##N(const int *from) {                                               \
    isa_i32x##N sums;                                                                                          \
    __builtin_memcpy(&sums, from, 4 * N);                                                                      \
    return __builtin_convertvector(sums, isa_f32x##N);                                                         \
  }                                                                                                            \
  /* The values of N floats plus N integers, for integral floats: the integers' sum, rounded once. */          \
  ISA_DOOR isa_f32x##N isa_adding_sums_##N(isa_f32x##N integral, const int *from) {                            \
    isa_i32x##N sums;                                                                                          \
    __builtin_memcpy(&sums, from, 4 * N);                                                                      \
    return __builtin_convertvector(__builtin_convertvector(integral, isa_i32x##N) + sums, isa_f32x##N);        \
  }                                                                                                            \
  /* The nearest integers of N floats below 2^22 in magnitude, ties to even, plus `zero`, modulo 256. */       \
  ISA_DOOR void isa_store_bytes_##N(isa_f32x##N values, int zero, unsigned char *to) {                         \
    isa_i32x##N sums = (isa_i32x##N)(values + 12582912.0f) + (zero - 0x4B400000);                              \
    isa_u8x##N bytes = __builtin_convertvector(sums, isa_u8x##N);                                              \
    __builtin_memcpy(to, &bytes, N);                                                                           \
  }

ISA_BYTE_VECTORS(4)
ISA_BYTE_VECTORS(8)
ISA_BYTE_VECTORS(16)

#if defined(__SSE2__)
#include <emmintrin.h>

/// sums[i] + Σ of four products u8 · s8 of `factor`'s bytes with column i's four weights. Sums wrap.
ISA_DOOR isa_i32x4 isa_dot_4(isa_i32x4 sums, int factor, const void *weights) {
  __m128i zero = _mm_setzero_si128();
  __m128i a = _mm_unpacklo_epi8(_mm_set1_epi32(factor), zero);
  __m128i b = _mm_loadu_si128((const __m128i *)weights);
  __m128i sign = _mm_cmpgt_epi8(zero, b);
  __m128 low = (__m128)_mm_madd_epi16(a, _mm_unpacklo_epi8(b, sign));
  __m128 high = (__m128)_mm_madd_epi16(a, _mm_unpackhi_epi8(b, sign));
  __m128i even = (__m128i)_mm_shuffle_ps(low, high, _MM_SHUFFLE(2, 0, 2, 0));
  __m128i odd = (__m128i)_mm_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1));
  return sums + (isa_i32x4)_mm_add_epi32(even, odd);
}
#else
ISA_DOOR isa_i32x4 isa_dot_4(isa_i32x4 sums, int factor, const void *weights) {
  unsigned char a[4];
  __builtin_memcpy(a, &factor, 4);
  const signed char *b = (const signed char *)weights;
  for (int i = 0; i < 4; i++) {
    int sum = a[0] * b[4 * i] + a[1] * b[4 * i + 1] + a[2] * b[4 * i + 2] + a[3] * b[4 * i + 3];
    sums[i] = (int)((unsigned)sums[i] + (unsigned)sum);
  }
  return sums;
}
#endif
