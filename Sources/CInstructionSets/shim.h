// Instructions that Swift cannot express: what this processor and its operating system can run, and the hint of a waiting loop.
#pragma once

#if defined(__x86_64__)
#include <cpuid.h>

/// Whether bit `bit` of register `reg` (0 eax, 1 ebx, 2 ecx, 3 edx) of CPUID leaf `leaf`, sub-leaf `sub`, is set.
static inline int isa_cpuid_bit(unsigned leaf, unsigned sub, int reg, int bit) {
  unsigned r[4] = {0, 0, 0, 0};
  if (!__get_cpuid_count(leaf, sub, &r[0], &r[1], &r[2], &r[3])) return 0;
  return (int)((r[reg] >> bit) & 1);
}

/// The register files the operating system saves (XCR0); 0 where it saves none. An instruction whose registers are not saved must not be used.
static inline unsigned isa_saved_state(void) {
  if (!isa_cpuid_bit(1, 0, 2, 27)) return 0;  // OSXSAVE
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}
#endif

/// Tells the core that this thread waits in a loop.
static inline void isa_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Prefetches the cache line at `address` into L2. Never faults.
static inline __attribute__((always_inline)) void isa_prefetch(const void *address) {
  __builtin_prefetch(address, 0, 2);
}
