/* The kernels that hash several streams at once, and which of them this CPU has. */
#include "cpu.h"
#include "sha256_many.h"
#include "sha256_round.h"
#include "sha256_vector.h"

#if SHALE_VECTORS
#define PICK __builtin_shufflevector
#define S0(x) (ROTATE(x, 2) ^ ROTATE(x, 13) ^ ROTATE(x, 22))
#define S1(x) (ROTATE(x, 6) ^ ROTATE(x, 11) ^ ROTATE(x, 25))
#define s0(x) (ROTATE(x, 7) ^ ROTATE(x, 18) ^ ((x) >> 3))
#define s1(x) (ROTATE(x, 17) ^ ROTATE(x, 19) ^ ((x) >> 10))
#define LOADED(i) w[i]
#define NEXT(i) (w[(i) & 15] += s1(w[((i) + 14) & 15]) + w[((i) + 9) & 15] + s0(w[((i) + 1) & 15]))

#define LANES 4
#define NAME four
#define TARGET SHALE_TARGET_128
#include "sha256_lanes.h"

#ifdef SHALE_TARGET_256
#define LANES 8
#define NAME eight
#define TARGET SHALE_TARGET_256
#include "sha256_lanes.h"
#endif
#endif

size_t shale_sha256_lanes_of_cpu(shale_sha256_lanes out[SHALE_SHA256_LANE_KERNELS]) {
  size_t count = 0;
#ifndef __wasm__
  shale_sha256_lanes hardware;
  if (shale_sha256_hardware_lanes(&hardware)) out[count++] = hardware;
#endif
#if SHALE_VECTORS
#if defined(__x86_64__)
  const shale_cpu cpu = shale_cpu_features();
  if (cpu.avx2) out[count++] = (shale_sha256_lanes){"avx2", 8, eight};
  if (cpu.ssse3) out[count++] = (shale_sha256_lanes){"ssse3", 4, four};
#else
  out[count++] = (shale_sha256_lanes){"vector", 4, four};
#endif
#endif
  (void)out;
  return count;
}
