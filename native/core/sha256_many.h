/* SHA-256 of many inputs at once: where the CPU has no SHA instructions, vectors hash several side by side. */
#ifndef SHALE_SHA256_MANY_H
#define SHALE_SHA256_MANY_H

#include "sha256.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SHALE_SHA256_MAX_LANES 8u
/* how many kernels one CPU can have at most */
#define SHALE_SHA256_LANE_KERNELS 3u

/* Digests of `count` inputs, in order. Inputs of like length side by side go fastest. */
void shale_sha256_many(const shale_bytes *inputs, size_t count, uint8_t (*digests)[32]);

/* A kernel that hashes `count` blocks of each of `lanes` streams; `h` is eight rows of one word per lane. */
typedef struct {
  const char *name;
  unsigned lanes;
  void (*run)(uint32_t *h, const uint8_t *const *blocks, size_t count);
} shale_sha256_lanes;

/* The kernels that this CPU has, fastest first; none: inputs go one after the other. */
size_t shale_sha256_lanes_of_cpu(shale_sha256_lanes out[SHALE_SHA256_LANE_KERNELS]);
/* shale_sha256_many with this kernel; for tests and measurements. */
void shale_sha256_many_with(const shale_sha256_lanes *kernel, const shale_bytes *inputs, size_t count, uint8_t (*digests)[32]);

/* The pair of SHA-NI streams where the CPU has them; false otherwise. */
bool shale_sha256_hardware_lanes(shale_sha256_lanes *out);

#ifdef __cplusplus
}
#endif
#endif
