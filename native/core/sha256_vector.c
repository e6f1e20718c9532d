/* SHA-256 of one stream with the message schedule in 128-bit vectors: for CPUs without SHA instructions and for
   WebAssembly with SIMD, where it takes a fifth less time than scalar code. */
#include "sha256_vector.h"

/* Unmeasured on ARM, where nearly every CPU has SHA instructions anyway. */
#if SHALE_VECTORS && !defined(__aarch64__)
#include "sha256_round.h"

/* Three rotations side by side: the chain of additions is what the rounds wait for. */
#define S0(x) (ROTATE(x, 2) ^ ROTATE(x, 13) ^ ROTATE(x, 22))
#define S1(x) (ROTATE(x, 6) ^ ROTATE(x, 11) ^ ROTATE(x, 25))

typedef uint32_t words __attribute__((vector_size(16)));
typedef uint64_t pairs __attribute__((vector_size(16)));
typedef uint8_t bytes16 __attribute__((vector_size(16)));

#define PICK __builtin_shufflevector
#define s0(x) (ROTATE(x, 7) ^ ROTATE(x, 18) ^ ((x) >> 3))
/* Each of two words stands twice in a 64-bit lane: a shift of the lane is a rotation of its low word. */
#define s1_TWICE(x) ((words)(((pairs)(x) >> 17) ^ ((pairs)(x) >> 19)) ^ ((x) >> 10))

#define LOAD(from)                                                                              \
  ({                                                                                            \
    bytes16 raw;                                                                                \
    memcpy(&raw, from, 16);                                                                     \
    (words) PICK(raw, raw, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);               \
  })

/* w0 to w3 are the last sixteen words. The upper two of the next four need the lower two. */
#define SCHEDULE(w0, w1, w2, w3)                                                   \
  ({                                                                               \
    words known = w0 + PICK(w2, w3, 1, 2, 3, 4);                                   \
    words follow = PICK(w0, w1, 1, 2, 3, 4);                                       \
    known += s0(follow);                                                           \
    words last = PICK(w3, w3, 2, 2, 3, 3);                                         \
    words lower = known + PICK(s1_TWICE(last), zero, 0, 2, 4, 4);                  \
    last = PICK(lower, lower, 0, 0, 1, 1);                                         \
    lower + PICK(s1_TWICE(last), zero, 4, 4, 0, 2);                                \
  })

/* Through memory on purpose: adding a word from memory costs less than taking it out of a vector. */
#define KEEP(i, w) (*(volatile words *)(wk + (i)) = (w))
#define KEPT(i) (((volatile uint32_t *)wk)[i])
#define K4(i) (*(const words *)(SHALE_SHA256_K + (i)))

SHALE_TARGET_128_FAST void shale_sha256_vector(uint32_t state[8], const uint8_t *blocks, size_t count) {
  const words zero = {0};
  uint32_t wk[16] __attribute__((aligned(16)));
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
  for (; count > 0; count--, blocks += 64) {
    words w0 = LOAD(blocks), w1 = LOAD(blocks + 16), w2 = LOAD(blocks + 32), w3 = LOAD(blocks + 48);
    KEEP(0, w0 + K4(0));
    KEEP(4, w1 + K4(4));
    KEEP(8, w2 + K4(8));
    KEEP(12, w3 + K4(12));
#pragma GCC unroll 1
    for (int i = 16; i < 64; i += 16) {
      w0 = SCHEDULE(w0, w1, w2, w3);
      FOUR_ROUNDS(a, b, c, d, e, f, g, h, KEPT, 0);
      KEEP(0, w0 + K4(i));
      w1 = SCHEDULE(w1, w2, w3, w0);
      FOUR_ROUNDS(e, f, g, h, a, b, c, d, KEPT, 4);
      KEEP(4, w1 + K4(i + 4));
      w2 = SCHEDULE(w2, w3, w0, w1);
      FOUR_ROUNDS(a, b, c, d, e, f, g, h, KEPT, 8);
      KEEP(8, w2 + K4(i + 8));
      w3 = SCHEDULE(w3, w0, w1, w2);
      FOUR_ROUNDS(e, f, g, h, a, b, c, d, KEPT, 12);
      KEEP(12, w3 + K4(i + 12));
    }
    SIXTEEN_ROUNDS(KEPT, 0);
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
#endif
