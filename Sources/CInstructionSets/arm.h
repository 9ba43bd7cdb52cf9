// What Arm has beyond NEON: the processor's features, and products of bytes that Swift's SIMD types cannot say.
#pragma once

#include "bytes.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#include <sys/auxv.h>

/// Bits of the auxiliary vector: the crc32, asimddp, i8mm and bf16 instructions.
static inline int isa_has_crc32(void) { return (int)((getauxval(AT_HWCAP) >> 7) & 1); }
static inline int isa_has_dot_product(void) { return (int)((getauxval(AT_HWCAP) >> 20) & 1); }
static inline int isa_has_int8_matrix_multiply(void) { return (int)((getauxval(AT_HWCAP2) >> 13) & 1); }
static inline int isa_has_bfloat16(void) { return (int)((getauxval(AT_HWCAP2) >> 14) & 1); }

typedef int isa_i32x2 __attribute__((vector_size(8)));

/// Four bytes less 128, in lane 0. The exclusive or is a scalar one: the vector pipes have the products to compute.
ISA_DOOR isa_i32x2 isa_signed_bytes_lane(const unsigned char *from) {
  unsigned word;
  __builtin_memcpy(&word, from, 4);
  word ^= 0x80808080u;
  __asm__("" : "+r"(word));
  return (isa_i32x2){(int)word, 0};
}

/// Eight bytes of one row, then eight of another.
ISA_DOOR isa_u8x16 isa_two_rows(const void *first, const void *second) {
  return (isa_u8x16)vcombine_u8(vld1_u8((const unsigned char *)first), vld1_u8((const unsigned char *)second));
}

// The bytes, or pairs of bytes, of the first and of the last halves of `a` and `b`, in turn.
ISA_DOOR isa_i32x4 isa_first_bytes_4(isa_i32x4 a, isa_i32x4 b) { return (isa_i32x4)vzip1q_u8((uint8x16_t)a, (uint8x16_t)b); }
ISA_DOOR isa_i32x4 isa_last_bytes_4(isa_i32x4 a, isa_i32x4 b) { return (isa_i32x4)vzip2q_u8((uint8x16_t)a, (uint8x16_t)b); }
ISA_DOOR isa_i32x4 isa_first_pairs_4(isa_i32x4 a, isa_i32x4 b) { return (isa_i32x4)vzip1q_u16((uint16x8_t)a, (uint16x8_t)b); }
ISA_DOOR isa_i32x4 isa_last_pairs_4(isa_i32x4 a, isa_i32x4 b) { return (isa_i32x4)vzip2q_u16((uint16x8_t)a, (uint16x8_t)b); }

#if defined(__ARM_FEATURE_DOTPROD)
/// sums + Σ of four products s8 · s8 a lane, of the factor's lane 0 with each lane's weights.
ISA_DOOR isa_i32x4 isa_dot_signed_4(isa_i32x4 sums, isa_i32x2 factor, isa_i32x4 weights) {
  return (isa_i32x4)vdotq_lane_s32((int32x4_t)sums, (int8x16_t)weights, (int8x8_t)factor, 0);
}

/// sums + Σ of four products s8 · s8 a lane.
ISA_DOOR isa_i32x4 isa_dot_signed_vectors_4(isa_i32x4 sums, isa_i32x4 factors, isa_i32x4 weights) {
  return (isa_i32x4)vdotq_s32((int32x4_t)sums, (int8x16_t)factors, (int8x16_t)weights);
}
#endif

#if defined(__ARM_FEATURE_MATMUL_INT8)
typedef signed char isa_s8x16 __attribute__((vector_size(16)));

/// sums + the products of two rows with two columns, each Σ of eight products u8 · s8: row 0 · column 0, row 0 · column 1, row 1 · column 0,
/// row 1 · column 1.
ISA_DOOR isa_i32x4 isa_multiply_pairs(isa_i32x4 sums, isa_u8x16 rows, isa_s8x16 columns) {
  return (isa_i32x4)vusmmlaq_s32((int32x4_t)sums, (uint8x16_t)rows, (int8x16_t)columns);
}

/// sums + Σ of four products u8 · s8 a lane.
ISA_DOOR isa_i32x4 isa_dot_mixed_4(isa_i32x4 sums, isa_i32x4 factors, isa_i32x4 weights) {
  return (isa_i32x4)vusdotq_s32((int32x4_t)sums, (uint8x16_t)factors, (int8x16_t)weights);
}
#endif

#if defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
/// sums + the products of two rows with two columns, each of four bfloat16 numbers: row 0 · column 0, row 0 · column 1, row 1 · column 0,
/// row 1 · column 1. The first two products are added, the result to the sum, then the same of the last two; every addition rounds to odd.
ISA_DOOR isa_f32x4 isa_multiply_bfloat16_pairs(isa_f32x4 sums, isa_u8x16 rows, isa_u8x16 columns) {
  return (isa_f32x4)vbfmmlaq_f32((float32x4_t)sums, (bfloat16x8_t)rows, (bfloat16x8_t)columns);
}

/// Eight floats as bfloat16, rounded to nearest, halves to even.
ISA_DOOR void isa_store_bfloat16_8(const float *from, unsigned short *to) {
  bfloat16x8_t values = vcvtq_high_bf16_f32(vcvtq_low_bf16_f32(vld1q_f32(from)), vld1q_f32(from + 4));
  __builtin_memcpy(to, &values, sizeof values);
}
#endif
#endif
