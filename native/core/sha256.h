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

typedef void (*shale_sha256_kernel)(uint32_t h[8], const uint8_t *blocks, size_t count);

/* The kernels; one that the CPU lacks is NULL. `name` is "sha-ni", "armv8" or "scalar". */
shale_sha256_kernel shale_sha256_hardware(void);
void shale_sha256_scalar(uint32_t h[8], const uint8_t *blocks, size_t count);
const char *shale_sha256_kernel_name(void);
/* For tests: false takes the scalar kernel even where the CPU has better. */
void shale_sha256_use_hardware(bool use);

extern const uint32_t SHALE_SHA256_K[64];

#ifdef __cplusplus
}
#endif
#endif
