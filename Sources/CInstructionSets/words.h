// Integers of 16 bits, and shifts of int32 sums: what exact Winograd convolutions of bytes take that Swift's SIMD types cannot express.
#pragma once

#include "bytes.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define ISA_WORD_VECTORS(N)                                                                \
  typedef short isa_s16x##N __attribute__((vector_size(2 * N)));                           \
  typedef unsigned char isa_bytes_of_words_##N __attribute__((vector_size(N)));            \
  typedef signed char isa_signed_bytes_of_words_##N __attribute__((vector_size(N)));       \
  /* N bytes, each XOR `flip`, widened. */                                                 \
  ISA_DOOR isa_s16x##N isa_words_of_bytes_##N(const unsigned char *from, unsigned char flip) { \
    isa_bytes_of_words_##N bytes;                                                          \
    __builtin_memcpy(&bytes, from, N);                                                     \
    return __builtin_convertvector(bytes ^ flip, isa_s16x##N);                             \
  }                                                                                        \
  /* N bytes in two's complement, widened. */                                              \
  ISA_DOOR isa_s16x##N isa_words_of_signed_bytes_##N(const signed char *from) {            \
    isa_signed_bytes_of_words_##N bytes;                                                   \
    __builtin_memcpy(&bytes, from, N);                                                     \
    return __builtin_convertvector(bytes, isa_s16x##N);                                    \
  }

ISA_WORD_VECTORS(8)
ISA_WORD_VECTORS(16)
ISA_WORD_VECTORS(32)

/// ⌊x / 2^bits⌋ of each lane.
ISA_DOOR isa_i32x4 isa_shifted_right_4(isa_i32x4 x, int bits) { return x >> bits; }
ISA_DOOR isa_i32x8 isa_shifted_right_8(isa_i32x8 x, int bits) { return x >> bits; }
ISA_DOOR isa_i32x16 isa_shifted_right_16(isa_i32x16 x, int bits) { return x >> bits; }

/// sums + Σ of two products of 16 bits a lane. Sums wrap.
ISA_DOOR isa_i32x4 isa_dot_pairs_4(isa_i32x4 sums, isa_i32x4 factor, isa_i32x4 weights) {
#if defined(__SSE2__)
  return sums + (isa_i32x4)_mm_madd_epi16((__m128i)factor, (__m128i)weights);
#elif defined(__aarch64__)
  int16x8_t a = (int16x8_t)factor, b = (int16x8_t)weights;
  int32x4_t low = vmull_s16(vget_low_s16(a), vget_low_s16(b)), high = vmull_high_s16(a, b);
  return sums + (isa_i32x4)vpaddq_s32(low, high);
#else
  isa_s16x8 a = (isa_s16x8)factor, b = (isa_s16x8)weights;
  for (int i = 0; i < 4; i++) {
    unsigned sum = (unsigned)(a[2 * i] * b[2 * i]) + (unsigned)(a[2 * i + 1] * b[2 * i + 1]);
    sums[i] = (int)((unsigned)sums[i] + sum);
  }
  return sums;
#endif
}
