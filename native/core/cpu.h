/* What this x86-64 processor can do. Not __builtin_cpu_supports: its table belongs to the compiler's runtime library, and
   is not in position-independent form in every one. */
#ifndef SHALE_CPU_H
#define SHALE_CPU_H

#if defined(__x86_64__)
#include <cpuid.h>
#include <stdbool.h>

typedef struct {
  bool ssse3, sse41, avx2, bmi2, sha;
} shale_cpu;

/* Whether the system keeps the upper halves of vector registers (XCR0, bits 1 and 2). */
static inline bool shale_keeps_avx(void) {
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & 6) == 6;
}

static inline shale_cpu shale_cpu_features(void) {
  shale_cpu cpu = {false, false, false, false, false};
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return cpu;
  cpu.ssse3 = (c & bit_SSSE3) != 0;
  cpu.sse41 = (c & bit_SSE4_1) != 0;
  const bool avx = (c & bit_OSXSAVE) != 0 && (c & bit_AVX) != 0 && shale_keeps_avx();
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return cpu;
  cpu.avx2 = avx && (b & bit_AVX2) != 0;
  cpu.bmi2 = (b & bit_BMI2) != 0;
  cpu.sha = (b & bit_SHA) != 0;
  return cpu;
}
#endif

#endif
