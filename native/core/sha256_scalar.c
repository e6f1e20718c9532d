/* SHA-256 in plain C: for every CPU, and for WebAssembly without SIMD. */
#include "sha256_round.h"

/* Nested rotations: one live value instead of three, which WebAssembly engines turn into fewer moves. */
#define S0(x) ROTATE(ROTATE(ROTATE(x, 9) ^ (x), 11) ^ (x), 2)
#define S1(x) ROTATE(ROTATE(ROTATE(x, 14) ^ (x), 5) ^ (x), 6)
#define s0(x) (ROTATE(x, 7) ^ ROTATE(x, 18) ^ ((x) >> 3))
#define s1(x) (ROTATE(x, 17) ^ ROTATE(x, 19) ^ ((x) >> 10))

#define LOADED(i) (w[i] + SHALE_SHA256_K[i])
#define NEXT(i) \
  ((w[(i) & 15] += s1(w[((i) + 14) & 15]) + w[((i) + 9) & 15] + s0(w[((i) + 1) & 15])) + SHALE_SHA256_K[i])

void shale_sha256_scalar(uint32_t state[8], const uint8_t *blocks, size_t count) {
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
  for (; count > 0; count--, blocks += 64) {
    uint32_t w[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) w[i] = shale_load32(blocks + 4 * i);
    SIXTEEN_ROUNDS(LOADED, 0);
    SIXTEEN_ROUNDS(NEXT, 16);
    SIXTEEN_ROUNDS(NEXT, 32);
    SIXTEEN_ROUNDS(NEXT, 48);
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
