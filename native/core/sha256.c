#include "sha256.h"

const uint32_t SHALE_SHA256_K[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static const uint32_t INITIAL[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static inline uint32_t rotate(uint32_t x, unsigned n) { return (x >> n) | (x << (32 - n)); }

static inline uint32_t load32(const uint8_t *p) {
  uint32_t value;
  memcpy(&value, p, 4);
  return __builtin_bswap32(value);
}

static inline void store32(uint8_t *p, uint32_t value) {
  value = __builtin_bswap32(value);
  memcpy(p, &value, 4);
}

/* Nested rotations: one live value instead of three, which WebAssembly engines turn into fewer moves. */
#define S0(x) rotate(rotate(rotate(x, 9) ^ (x), 11) ^ (x), 2)
#define S1(x) rotate(rotate(rotate(x, 14) ^ (x), 5) ^ (x), 6)
#define s0(x) (rotate(x, 7) ^ rotate(x, 18) ^ ((x) >> 3))
#define s1(x) (rotate(x, 17) ^ rotate(x, 19) ^ ((x) >> 10))
#define CH(e, f, g) ((g) ^ ((e) & ((f) ^ (g))))
#define MAJ(a, b, c) ((b) ^ (((a) ^ (b)) & ((b) ^ (c))))

#define ROUND(a, b, c, d, e, f, g, h, i, w)                        \
  do {                                                             \
    uint32_t t = h + S1(e) + CH(e, f, g) + SHALE_SHA256_K[i] + (w); \
    d += t;                                                        \
    h = t + S0(a) + MAJ(a, b, c);                                  \
  } while (0)

#define NEXT(i) (w[(i) & 15] += s1(w[((i) + 14) & 15]) + w[((i) + 9) & 15] + s0(w[((i) + 1) & 15]))

#define EIGHT(i, W)                                 \
  ROUND(a, b, c, d, e, f, g, h, (i) + 0, W((i) + 0)); \
  ROUND(h, a, b, c, d, e, f, g, (i) + 1, W((i) + 1)); \
  ROUND(g, h, a, b, c, d, e, f, (i) + 2, W((i) + 2)); \
  ROUND(f, g, h, a, b, c, d, e, (i) + 3, W((i) + 3)); \
  ROUND(e, f, g, h, a, b, c, d, (i) + 4, W((i) + 4)); \
  ROUND(d, e, f, g, h, a, b, c, (i) + 5, W((i) + 5)); \
  ROUND(c, d, e, f, g, h, a, b, (i) + 6, W((i) + 6)); \
  ROUND(b, c, d, e, f, g, h, a, (i) + 7, W((i) + 7))

#define LOADED(i) w[i]

void shale_sha256_scalar(uint32_t state[8], const uint8_t *blocks, size_t count) {
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
  for (; count > 0; count--, blocks += 64) {
    uint32_t w[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) w[i] = load32(blocks + 4 * i);
    EIGHT(0, LOADED);
    EIGHT(8, LOADED);
    EIGHT(16, NEXT);
    EIGHT(24, NEXT);
    EIGHT(32, NEXT);
    EIGHT(40, NEXT);
    EIGHT(48, NEXT);
    EIGHT(56, NEXT);
    a = state[0] += a;
    b = state[1] += b;
    c = state[2] += c;
    d = state[3] += d;
    e = state[4] += e;
    f = state[5] += f;
    g = state[6] += g;
    h = state[7] += h;
  }
}

#ifdef __wasm__
#define KERNEL shale_sha256_scalar
const char *shale_sha256_kernel_name(void) { return "scalar"; }
#else
static shale_sha256_kernel kernel;

static shale_sha256_kernel choose(void) {
  shale_sha256_kernel chosen = __atomic_load_n(&kernel, __ATOMIC_RELAXED);
  if (chosen == NULL) {
    chosen = shale_sha256_hardware();
    if (chosen == NULL) chosen = shale_sha256_scalar;
    __atomic_store_n(&kernel, chosen, __ATOMIC_RELAXED);
  }
  return chosen;
}
#define KERNEL choose()

void shale_sha256_use_hardware(bool use) {
  __atomic_store_n(&kernel, use ? NULL : shale_sha256_scalar, __ATOMIC_RELAXED);
}

const char *shale_sha256_kernel_name(void) {
  if (choose() == shale_sha256_scalar) return "scalar";
#if defined(__x86_64__)
  return "sha-ni";
#else
  return "armv8";
#endif
}
#endif

void shale_sha256_init(shale_sha256 *state) {
  memset(state, 0, sizeof *state);
  memcpy(state->h, INITIAL, sizeof INITIAL);
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
  uint64_t bits = state->length * 8;
  size_t held = (size_t)(state->length & 63);
  state->block[held++] = 0x80;
  if (held > 56) {
    memset(state->block + held, 0, 64 - held);
    KERNEL(state->h, state->block, 1);
    held = 0;
  }
  memset(state->block + held, 0, 56 - held);
  store32(state->block + 56, (uint32_t)(bits >> 32));
  store32(state->block + 60, (uint32_t)bits);
  KERNEL(state->h, state->block, 1);
  for (int i = 0; i < 8; i++) store32(digest + 4 * i, state->h[i]);
}

void shale_sha256_save(const shale_sha256 *state, uint8_t out[SHALE_SHA256_STATE_SIZE]) {
  for (int i = 0; i < 8; i++) store32(out + 4 * i, state->h[i]);
  store32(out + 32, (uint32_t)(state->length >> 32));
  store32(out + 36, (uint32_t)state->length);
  memcpy(out + 40, state->block, 64);
}

void shale_sha256_restore(shale_sha256 *state, const uint8_t in[SHALE_SHA256_STATE_SIZE]) {
  for (int i = 0; i < 8; i++) state->h[i] = load32(in + 4 * i);
  state->length = (uint64_t)load32(in + 32) << 32 | load32(in + 36);
  memcpy(state->block, in + 40, 64);
}
