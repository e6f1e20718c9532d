/* Constants and rounds of SHA-256 (FIPS 180-4, 4.2.2 and 6.2.2), for its kernels only. */
#ifndef SHALE_SHA256_ROUND_H
#define SHALE_SHA256_ROUND_H

#include "sha256.h"

/* Not extern: as immediate operands they cost nothing, loaded they cost a third of the scalar kernel in WebAssembly. */
static const uint32_t SHALE_SHA256_K[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

#define ROTATE(x, n) (((x) >> (n)) | ((x) << (32 - (n))))
#define CH(e, f, g) ((g) ^ ((e) & ((f) ^ (g))))
#define MAJ(a, b, c) ((b) ^ (((a) ^ (b)) & ((b) ^ (c))))

/* `wk` is the word of the schedule plus the constant. S1 is added last: all else is known a round earlier. */
#define ROUND(a, b, c, d, e, f, g, h, wk)       \
  do {                                          \
    uint32_t t = h + (wk) + CH(e, f, g) + S1(e); \
    d += t;                                     \
    h = t + S0(a) + MAJ(a, b, c);               \
  } while (0)

/* Four rounds; the next four take (e, f, g, h, a, b, c, d). */
#define FOUR_ROUNDS(a, b, c, d, e, f, g, h, WK, i) \
  ROUND(a, b, c, d, e, f, g, h, WK((i) + 0));      \
  ROUND(h, a, b, c, d, e, f, g, WK((i) + 1));      \
  ROUND(g, h, a, b, c, d, e, f, WK((i) + 2));      \
  ROUND(f, g, h, a, b, c, d, e, WK((i) + 3))

#define SIXTEEN_ROUNDS(WK, i)                                \
  FOUR_ROUNDS(a, b, c, d, e, f, g, h, WK, (i) + 0);  \
  FOUR_ROUNDS(e, f, g, h, a, b, c, d, WK, (i) + 4);  \
  FOUR_ROUNDS(a, b, c, d, e, f, g, h, WK, (i) + 8);  \
  FOUR_ROUNDS(e, f, g, h, a, b, c, d, WK, (i) + 12)

static inline uint32_t shale_load32(const uint8_t *p) {
  uint32_t value;
  memcpy(&value, p, 4);
  return __builtin_bswap32(value);
}

static inline void shale_store32(uint8_t *p, uint32_t value) {
  value = __builtin_bswap32(value);
  memcpy(p, &value, 4);
}

#endif
