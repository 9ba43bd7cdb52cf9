// The first lanes of a vector alone, read and written without touching the memory behind them. Swift's SIMD types have no masks.
#pragma once

#include "bytes.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/// The first `count` of 16 lanes, 0 in the others.
ISA_DOOR isa_f32x16 isa_load_first_16(const float *from, int count) {
#if defined(__AVX512F__)
  return (isa_f32x16)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), from);
#else
  isa_f32x16 result = {0};
  for (int i = 0; i < count; i++) result[i] = from[i];
  return result;
#endif
}

/// Writes the first `count` of 16 lanes.
ISA_DOOR void isa_store_first_16(isa_f32x16 x, float *to, int count) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(to, (__mmask16)((1u << count) - 1), (__m512)x);
#else
  for (int i = 0; i < count; i++) to[i] = x[i];
#endif
}

#if defined(__AVX2__)
/// All bits of the first `count` lanes.
ISA_DOOR __m256i isa_first_lanes_8(int count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
#endif

/// As `isa_load_first_16`, of 8 lanes.
ISA_DOOR isa_f32x8 isa_load_first_8(const float *from, int count) {
#if defined(__AVX2__)
  return (isa_f32x8)_mm256_maskload_ps(from, isa_first_lanes_8(count));
#else
  isa_f32x8 result = {0};
  for (int i = 0; i < count; i++) result[i] = from[i];
  return result;
#endif
}

/// As `isa_store_first_16`, of 8 lanes.
ISA_DOOR void isa_store_first_8(isa_f32x8 x, float *to, int count) {
#if defined(__AVX2__)
  _mm256_maskstore_ps(to, isa_first_lanes_8(count), (__m256)x);
#else
  for (int i = 0; i < count; i++) to[i] = x[i];
#endif
}

/// As `isa_load_first_16`, of 4 lanes.
ISA_DOOR isa_f32x4 isa_load_first_4(const float *from, int count) {
  isa_f32x4 result = {0};
  for (int i = 0; i < count; i++) result[i] = from[i];
  return result;
}

/// As `isa_store_first_16`, of 4 lanes.
ISA_DOOR void isa_store_first_4(isa_f32x4 x, float *to, int count) {
  for (int i = 0; i < count; i++) to[i] = x[i];
}
