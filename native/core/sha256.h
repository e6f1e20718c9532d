/* SHA-256 (FIPS 180-4), with the CPU's own instructions where it has them; chosen at run time. */
#ifndef SHALE_SHA256_H
#define SHALE_SHA256_H

#include "bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  uint32_t h[8];
  /* bytes hashed so far, those in `block` included */
  uint64_t length;
  uint8_t block[64];
} shale_sha256;

#define SHALE_SHA256_STATE_SIZE 104u

void shale_sha256_init(shale_sha256 *state);
void shale_sha256_update(shale_sha256 *state, const void *bytes, size_t length);
void shale_sha256_final(shale_sha256 *state, uint8_t digest[32]);

/* Saves the state (h and length big endian, then the block), so that a broken transfer need not be hashed again. */
void shale_sha256_save(const shale_sha256 *state, uint8_t out[SHALE_SHA256_STATE_SIZE]);
void shale_sha256_restore(shale_sha256 *state, const uint8_t in[SHALE_SHA256_STATE_SIZE]);

/* ---- kernels: what follows is for the rest of the core, for tests and measurements ---- */

typedef void (*shale_sha256_kernel)(uint32_t h[8], const uint8_t *blocks, size_t count);

void shale_sha256_scalar(uint32_t h[8], const uint8_t *blocks, size_t count);
/* Message schedule in vectors; x86: the CPU must have AVX2 and BMI2. */
void shale_sha256_vector(uint32_t h[8], const uint8_t *blocks, size_t count);
/* SHA-NI or ARMv8 instructions; NULL where the CPU lacks them. */
shale_sha256_kernel shale_sha256_hardware(void);

typedef struct {
  /* "sha-ni", "armv8", "avx2" or "scalar" */
  const char *name;
  shale_sha256_kernel run;
} shale_sha256_named;

#define SHALE_SHA256_KERNELS 3u
/* The kernels that this CPU has, fastest first: at least one. */
size_t shale_sha256_kernels_of_cpu(shale_sha256_named out[SHALE_SHA256_KERNELS]);
/* Takes this kernel from now on; NULL: the fastest. */
void shale_sha256_use(shale_sha256_kernel kernel);

/* Runs the chosen kernel. */
void shale_sha256_blocks(uint32_t h[8], const uint8_t *blocks, size_t count);
/* The last blocks of an input of `length` bytes of which the last `held` (less than 64) are `rest`: one or two. */
size_t shale_sha256_pad(const uint8_t *rest, size_t held, uint64_t length, uint8_t out[128]);
void shale_sha256_digest(const uint32_t h[8], uint8_t digest[32]);

extern const uint32_t SHALE_SHA256_INITIAL[8];

#ifdef __cplusplus
}
#endif
#endif
