/* SHA-256 of LANES streams side by side, word i of all of them in one vector. Included once for each width, with LANES,
   NAME and TARGET defined; undefines them. */
#define PASTE(a, b) a##b
#define NAMED(a, b) PASTE(a, b)
#define VECTOR NAMED(NAME, _words)
#define BYTES NAMED(NAME, _bytes)

typedef uint32_t VECTOR __attribute__((vector_size(4 * LANES), aligned(4)));
typedef uint8_t BYTES __attribute__((vector_size(4 * LANES)));

#if LANES == 4
/* The i-th sixteen bytes of every lane's block, one lane after the other. */
#define ROW(lane, i)                                \
  ({                                                \
    BYTES raw;                                      \
    memcpy(&raw, at[lane] + 16 * (i), 16);          \
    (VECTOR) PICK(raw, raw, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12); \
  })
#define LOW_WORDS(x, y) PICK(x, y, 0, 4, 1, 5)
#define HIGH_WORDS(x, y) PICK(x, y, 2, 6, 3, 7)
#define LOW_PAIRS(x, y) PICK(x, y, 0, 1, 4, 5)
#define HIGH_PAIRS(x, y) PICK(x, y, 2, 3, 6, 7)
#elif LANES == 8
/* Lanes 0 to 3 in the lower halves, 4 to 7 in the upper: shuffles stay within a half, which is what AVX2 has. */
#define ROW(lane, i)                                                  \
  ({                                                                  \
    BYTES raw;                                                        \
    memcpy(&raw, at[lane] + 16 * (i), 16);                            \
    memcpy((uint8_t *)&raw + 16, at[(lane) + 4] + 16 * (i), 16);      \
    (VECTOR) PICK(raw, raw, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, \
                  19, 18, 17, 16, 23, 22, 21, 20, 27, 26, 25, 24, 31, 30, 29, 28); \
  })
#define LOW_WORDS(x, y) PICK(x, y, 0, 8, 1, 9, 4, 12, 5, 13)
#define HIGH_WORDS(x, y) PICK(x, y, 2, 10, 3, 11, 6, 14, 7, 15)
#define LOW_PAIRS(x, y) PICK(x, y, 0, 1, 8, 9, 4, 5, 12, 13)
#define HIGH_PAIRS(x, y) PICK(x, y, 2, 3, 10, 11, 6, 7, 14, 15)
#endif

#define ROUND_OF_LANES(a, b, c, d, e, f, g, h, WORD, i)                     \
  do {                                                                      \
    VECTOR t = h + WORD(i) + constants[i] + CH(e, f, g) + S1(e);            \
    d += t;                                                                 \
    h = t + S0(a) + MAJ(a, b, c);                                           \
  } while (0)

#define EIGHT_OF_LANES(WORD, i)                                   \
  ROUND_OF_LANES(a, b, c, d, e, f, g, h, WORD, (i) + 0); \
  ROUND_OF_LANES(h, a, b, c, d, e, f, g, WORD, (i) + 1); \
  ROUND_OF_LANES(g, h, a, b, c, d, e, f, WORD, (i) + 2); \
  ROUND_OF_LANES(f, g, h, a, b, c, d, e, WORD, (i) + 3); \
  ROUND_OF_LANES(e, f, g, h, a, b, c, d, WORD, (i) + 4); \
  ROUND_OF_LANES(d, e, f, g, h, a, b, c, WORD, (i) + 5); \
  ROUND_OF_LANES(c, d, e, f, g, h, a, b, WORD, (i) + 6); \
  ROUND_OF_LANES(b, c, d, e, f, g, h, a, WORD, (i) + 7)

TARGET static void NAME(uint32_t *state, const uint8_t *const *blocks, size_t count) {
  const uint8_t *at[LANES];
  VECTOR *s = (VECTOR *)state;
  VECTOR a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
  for (int lane = 0; lane < LANES; lane++) at[lane] = blocks[lane];
  for (; count > 0; count--) {
    VECTOR w[16];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      VECTOR r0 = ROW(0, i), r1 = ROW(1, i), r2 = ROW(2, i), r3 = ROW(3, i);
      VECTOR low01 = LOW_WORDS(r0, r1), high01 = HIGH_WORDS(r0, r1);
      VECTOR low23 = LOW_WORDS(r2, r3), high23 = HIGH_WORDS(r2, r3);
      w[4 * i] = LOW_PAIRS(low01, low23);
      w[4 * i + 1] = HIGH_PAIRS(low01, low23);
      w[4 * i + 2] = LOW_PAIRS(high01, high23);
      w[4 * i + 3] = HIGH_PAIRS(high01, high23);
    }
    const uint32_t *constants = SHALE_SHA256_K;
    EIGHT_OF_LANES(LOADED, 0);
    EIGHT_OF_LANES(LOADED, 8);
#pragma GCC unroll 1
    for (int round = 16; round < 64; round += 16) {
      constants += 16;
      EIGHT_OF_LANES(NEXT, 0);
      EIGHT_OF_LANES(NEXT, 8);
    }
    a = s[0] += a;
    b = s[1] += b;
    c = s[2] += c;
    d = s[3] += d;
    e = s[4] += e;
    f = s[5] += f;
    g = s[6] += g;
    h = s[7] += h;
    for (int lane = 0; lane < LANES; lane++) at[lane] += 64;
  }
}

#undef PASTE
#undef NAMED
#undef VECTOR
#undef BYTES
#undef ROW
#undef LOW_WORDS
#undef HIGH_WORDS
#undef LOW_PAIRS
#undef HIGH_PAIRS
#undef ROUND_OF_LANES
#undef EIGHT_OF_LANES
#undef LANES
#undef NAME
#undef TARGET
