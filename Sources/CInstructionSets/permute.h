// Lanes of a vector of floats in another order. Swift's SIMD types have no form of it whose order is a run-time value.
#pragma once

#include "bytes.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/// Lane i is lane `lanes[i]` of `x`.
ISA_DOOR isa_f32x16 isa_permute_16(isa_f32x16 x, const int *lanes) {
#if defined(__AVX512F__)
  return (isa_f32x16)_mm512_permutexvar_ps(_mm512_loadu_si512(lanes), (__m512)x);
#else
  isa_f32x16 result;
  for (int i = 0; i < 16; i++) result[i] = x[lanes[i] & 15];
  return result;
#endif
}

/// As `isa_permute_16`, of eight lanes.
ISA_DOOR isa_f32x8 isa_permute_8(isa_f32x8 x, const int *lanes) {
#if defined(__AVX2__)
  return (isa_f32x8)_mm256_permutevar8x32_ps((__m256)x, _mm256_loadu_si256((const __m256i *)lanes));
#else
  isa_f32x8 result;
  for (int i = 0; i < 8; i++) result[i] = x[lanes[i] & 7];
  return result;
#endif
}

/// As `isa_permute_16`, of four lanes.
ISA_DOOR isa_f32x4 isa_permute_4(isa_f32x4 x, const int *lanes) {
  isa_f32x4 result;
  for (int i = 0; i < 4; i++) result[i] = x[lanes[i] & 3];
  return result;
}
