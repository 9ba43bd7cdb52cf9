// Products of bytes that Swift's SIMD types cannot express, one function for each instruction set. A factor is four bytes of a row repeated in
// every lane; weights are four bytes, or two pairs of 16 bits, for each lane.
#pragma once

#include "bytes.h"

#if defined(__AVX2__)
#include <immintrin.h>

/// sums + Σ of four products u8 · s8 a lane, of weights whose pairs cannot exceed 16 bits: vpmaddubsw saturates.
ISA_DOOR isa_i32x8 isa_dot_safe_8(isa_i32x8 sums, isa_i32x8 factor, isa_i32x8 weights) {
  __m256i pairs = _mm256_maddubs_epi16((__m256i)factor, (__m256i)weights);
  return sums + (isa_i32x8)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

/// sums + Σ of two products of 16 bits a lane.
ISA_DOOR isa_i32x8 isa_dot_pairs_8(isa_i32x8 sums, isa_i32x8 factor, isa_i32x8 weights) {
  return sums + (isa_i32x8)_mm256_madd_epi16((__m256i)factor, (__m256i)weights);
}

// The first and the last two of the four bytes that every lane holds, widened to 16 bits. In assembly: the compiler would otherwise widen before it repeats the
// bytes in every lane, in scalar registers, at a quarter of the loop's speed.
ISA_DOOR isa_i32x8 isa_first_pair_8(isa_i32x8 factor) {
  const __m256i order = _mm256_set1_epi32((int)0x80018000);
  isa_i32x8 pair;
  __asm__("vpshufb %2, %1, %0" : "=x"(pair) : "x"(factor), "x"(order));
  return pair;
}
ISA_DOOR isa_i32x8 isa_last_pair_8(isa_i32x8 factor) {
  const __m256i order = _mm256_set1_epi32((int)0x80038002);
  isa_i32x8 pair;
  __asm__("vpshufb %2, %1, %0" : "=x"(pair) : "x"(factor), "x"(order));
  return pair;
}

/// 16 sums of 16 bits, modulo 2^16, each plus two products u8 · s8, which saturate.
ISA_DOOR isa_i32x8 isa_adding_bytes_8(isa_i32x8 sums, isa_i32x8 factor, isa_i32x8 weights) {
  return (isa_i32x8)_mm256_add_epi16((__m256i)sums, _mm256_maddubs_epi16((__m256i)factor, (__m256i)weights));
}

// The bytes, or pairs of bytes, of the first and of the last halves of every 16 bytes of `a` and `b`, in turn.
ISA_DOOR isa_i32x8 isa_first_bytes_8(isa_i32x8 a, isa_i32x8 b) {
  return (isa_i32x8)_mm256_unpacklo_epi8((__m256i)a, (__m256i)b);
}
ISA_DOOR isa_i32x8 isa_last_bytes_8(isa_i32x8 a, isa_i32x8 b) {
  return (isa_i32x8)_mm256_unpackhi_epi8((__m256i)a, (__m256i)b);
}
ISA_DOOR isa_i32x8 isa_first_pairs_8(isa_i32x8 a, isa_i32x8 b) {
  return (isa_i32x8)_mm256_unpacklo_epi16((__m256i)a, (__m256i)b);
}
ISA_DOOR isa_i32x8 isa_last_pairs_8(isa_i32x8 a, isa_i32x8 b) {
  return (isa_i32x8)_mm256_unpackhi_epi16((__m256i)a, (__m256i)b);
}
#endif

#if defined(__AVX512BW__)
/// As `isa_dot_safe_8`.
ISA_DOOR isa_i32x16 isa_dot_safe_16(isa_i32x16 sums, isa_i32x16 factor, isa_i32x16 weights) {
  __m512i pairs = _mm512_maddubs_epi16((__m512i)factor, (__m512i)weights);
  return sums + (isa_i32x16)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
}

/// As `isa_dot_pairs_8`.
ISA_DOOR isa_i32x16 isa_dot_pairs_16(isa_i32x16 sums, isa_i32x16 factor, isa_i32x16 weights) {
  return sums + (isa_i32x16)_mm512_madd_epi16((__m512i)factor, (__m512i)weights);
}

/// As `isa_first_pair_8`.
ISA_DOOR isa_i32x16 isa_first_pair_16(isa_i32x16 factor) {
  const __m512i order = _mm512_set1_epi32((int)0x80018000);
  isa_i32x16 pair;
  __asm__("vpshufb %2, %1, %0" : "=v"(pair) : "v"(factor), "v"(order));
  return pair;
}
/// As `isa_last_pair_8`.
ISA_DOOR isa_i32x16 isa_last_pair_16(isa_i32x16 factor) {
  const __m512i order = _mm512_set1_epi32((int)0x80038002);
  isa_i32x16 pair;
  __asm__("vpshufb %2, %1, %0" : "=v"(pair) : "v"(factor), "v"(order));
  return pair;
}

/// As `isa_adding_bytes_8`.
ISA_DOOR isa_i32x16 isa_adding_bytes_16(isa_i32x16 sums, isa_i32x16 factor, isa_i32x16 weights) {
  return (isa_i32x16)_mm512_add_epi16((__m512i)sums, _mm512_maddubs_epi16((__m512i)factor, (__m512i)weights));
}

// As `isa_first_bytes_8` and so on.
ISA_DOOR isa_i32x16 isa_first_bytes_16(isa_i32x16 a, isa_i32x16 b) {
  return (isa_i32x16)_mm512_unpacklo_epi8((__m512i)a, (__m512i)b);
}
ISA_DOOR isa_i32x16 isa_last_bytes_16(isa_i32x16 a, isa_i32x16 b) {
  return (isa_i32x16)_mm512_unpackhi_epi8((__m512i)a, (__m512i)b);
}
ISA_DOOR isa_i32x16 isa_first_pairs_16(isa_i32x16 a, isa_i32x16 b) {
  return (isa_i32x16)_mm512_unpacklo_epi16((__m512i)a, (__m512i)b);
}
ISA_DOOR isa_i32x16 isa_last_pairs_16(isa_i32x16 a, isa_i32x16 b) {
  return (isa_i32x16)_mm512_unpackhi_epi16((__m512i)a, (__m512i)b);
}
#endif

#if defined(__AVX512VNNI__)
/// sums + Σ of four products u8 · s8 a lane. Sums wrap.
ISA_DOOR isa_i32x16 isa_dot_16(isa_i32x16 sums, isa_i32x16 factor, isa_i32x16 weights) {
  return (isa_i32x16)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)factor, (__m512i)weights);
}
#endif

#if defined(__AVX512BF16__)
/// sums + two products of bfloat16 a lane: first that of the upper halves, then that of the lower, each sum rounded to nearest.
ISA_DOOR isa_f32x16 isa_dot_bfloat16_16(isa_f32x16 sums, isa_i32x16 factor, isa_i32x16 weights) {
  return (isa_f32x16)_mm512_dpbf16_ps((__m512)sums, (__m512bh)factor, (__m512bh)weights);
}

/// 16 floats as bfloat16, rounded to nearest, halves to even; subnormal ones become 0.
ISA_DOOR void isa_store_bfloat16_16(const float *from, unsigned short *to) {
  __m256bh values = _mm512_cvtneps_pbh(_mm512_loadu_ps(from));
  __builtin_memcpy(to, &values, sizeof values);
}
#endif
