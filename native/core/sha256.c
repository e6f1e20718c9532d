#include "cpu.h"
#include "sha256_round.h"
#include "sha256_vector.h"

const uint32_t SHALE_SHA256_INITIAL[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

#if !defined(__wasm__)
static shale_sha256_kernel chosen;

static shale_sha256_kernel choose(void) {
  shale_sha256_kernel kernel = __atomic_load_n(&chosen, __ATOMIC_RELAXED);
  if (kernel == NULL) {
    shale_sha256_named kernels[SHALE_SHA256_KERNELS];
    shale_sha256_kernels_of_cpu(kernels);
    kernel = kernels[0].run;
    __atomic_store_n(&chosen, kernel, __ATOMIC_RELAXED);
  }
  return kernel;
}
#define KERNEL choose()
#elif SHALE_VECTORS
#define KERNEL shale_sha256_vector
#else
#define KERNEL shale_sha256_scalar
#endif

#ifndef __wasm__
size_t shale_sha256_kernels_of_cpu(shale_sha256_named out[SHALE_SHA256_KERNELS]) {
  size_t count = 0;
  shale_sha256_kernel hardware = shale_sha256_hardware();
#if defined(__x86_64__)
  if (hardware != NULL) out[count++] = (shale_sha256_named){"sha-ni", hardware};
#else
  if (hardware != NULL) out[count++] = (shale_sha256_named){"armv8", hardware};
#endif
#if SHALE_VECTORS && defined(__x86_64__)
  const shale_cpu cpu = shale_cpu_features();
  if (cpu.avx2 && cpu.bmi2) out[count++] = (shale_sha256_named){"avx2", shale_sha256_vector};
#endif
  out[count++] = (shale_sha256_named){"scalar", shale_sha256_scalar};
  return count;
}

void shale_sha256_use(shale_sha256_kernel kernel) { __atomic_store_n(&chosen, kernel, __ATOMIC_RELAXED); }
#endif

void shale_sha256_blocks(uint32_t h[8], const uint8_t *blocks, size_t count) {
  if (count > 0) KERNEL(h, blocks, count);
}

void shale_sha256_digest(const uint32_t h[8], uint8_t digest[32]) {
  for (int i = 0; i < 8; i++) shale_store32(digest + 4 * i, h[i]);
}

size_t shale_sha256_pad(const uint8_t *rest, size_t held, uint64_t length, uint8_t out[128]) {
  const size_t end = held < 56 ? 64 : 128;
  if (held > 0) memcpy(out, rest, held);
  out[held] = 0x80;
  memset(out + held + 1, 0, end - held - 9);
  shale_store32(out + end - 8, (uint32_t)(length >> 29));
  shale_store32(out + end - 4, (uint32_t)(length << 3));
  return end / 64;
}

void shale_sha256_init(shale_sha256 *state) {
  memset(state, 0, sizeof *state);
  memcpy(state->h, SHALE_SHA256_INITIAL, sizeof SHALE_SHA256_INITIAL);
}

void shale_sha256_update(shale_sha256 *state, const void *bytes, size_t length) {
  const uint8_t *from = bytes;
  size_t held = (size_t)(state->length & 63);
  state->length += length;
  if (held > 0) {
    size_t room = 64 - held;
    size_t part = length < room ? length : room;
    if (part > 0) memcpy(state->block + held, from, part);
    if (part < room) return;
    KERNEL(state->h, state->block, 1);
    from += part;
    length -= part;
  }
  if (length >= 64) KERNEL(state->h, from, length / 64);
  from += length & ~(size_t)63;
  length &= 63;
  if (length > 0) memcpy(state->block, from, length);
}

void shale_sha256_final(shale_sha256 *state, uint8_t digest[32]) {
  uint8_t end[128];
  const size_t blocks = shale_sha256_pad(state->block, (size_t)(state->length & 63), state->length, end);
  KERNEL(state->h, end, blocks);
  shale_sha256_digest(state->h, digest);
}

void shale_sha256_save(const shale_sha256 *state, uint8_t out[SHALE_SHA256_STATE_SIZE]) {
  for (int i = 0; i < 8; i++) shale_store32(out + 4 * i, state->h[i]);
  shale_store32(out + 32, (uint32_t)(state->length >> 32));
  shale_store32(out + 36, (uint32_t)state->length);
  memcpy(out + 40, state->block, 64);
}

void shale_sha256_restore(shale_sha256 *state, const uint8_t in[SHALE_SHA256_STATE_SIZE]) {
  for (int i = 0; i < 8; i++) state->h[i] = shale_load32(in + 4 * i);
  state->length = (uint64_t)shale_load32(in + 32) << 32 | shale_load32(in + 36);
  memcpy(state->block, in + 40, 64);
}
