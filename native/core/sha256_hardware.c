/* SHA-256 with SHA-NI (x86-64) and the ARMv8 cryptography extension. */
#include "cpu.h"
#include "sha256_many.h"
#include "sha256_round.h"

/* What another core wrote comes from its cache or from the shared one, and the processor's own prefetching stops at
   every page: fetched this many bytes ahead it arrives in time. 80 % of openssl's rate became 95 %; 512 to 2048 are alike. */
#define AHEAD 1024

/* Through an integer: the address may lie beyond the input, which is harmless to ask for and not to point to. */
static inline void fetch_ahead(const uint8_t *block) { __builtin_prefetch((const void *)((uintptr_t)block + AHEAD)); }

#if defined(__x86_64__)
#include <immintrin.h>

/* Four rounds of stream s. */
#define QUAD(s, message, index)                                                                         \
  do {                                                                                                  \
    __m128i k = _mm_add_epi32(message, _mm_load_si128((const __m128i *)(SHALE_SHA256_K + 4 * (index)))); \
    cdgh[s] = _mm_sha256rnds2_epu32(cdgh[s], abef[s], k);                                               \
    abef[s] = _mm_sha256rnds2_epu32(abef[s], cdgh[s], _mm_shuffle_epi32(k, 0x0e));                      \
  } while (0)

/* w0..w3 are the last sixteen words; makes the next four out of them. */
#define SCHEDULE(w0, w1, w2, w3) \
  _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4)), w3)

#define SHA_NI __attribute__((target("sha,sse4.1,ssse3")))

/* `streams` (1 or 2, constant) inputs in turns: the instructions of one wait for each other, those of two do not. `h` is
   eight rows of a word per stream. */
SHA_NI static inline __attribute__((always_inline)) void sha_ni_streams(const int streams, uint32_t *h,
                                                                        const uint8_t *const *blocks, size_t count) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bll, 0x0405060700010203ll);
  __m128i abef[2], cdgh[2], w[2][4];
  for (int s = 0; s < streams; s++) {
    const uint32_t *of = h + s;
    abef[s] = _mm_set_epi32((int)of[0], (int)of[streams], (int)of[4 * streams], (int)of[5 * streams]);
    cdgh[s] = _mm_set_epi32((int)of[2 * streams], (int)of[3 * streams], (int)of[6 * streams], (int)of[7 * streams]);
  }
  for (size_t at = 0; at < 64 * count; at += 64) {
    __m128i abef_before[2], cdgh_before[2];
#pragma GCC unroll 2
    for (int s = 0; s < streams; s++) {
      fetch_ahead(blocks[s] + at);
      abef_before[s] = abef[s], cdgh_before[s] = cdgh[s];
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
#pragma GCC unroll 2
      for (int s = 0; s < streams; s++) {
        w[s][i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(blocks[s] + at + 16 * i)), swap);
        QUAD(s, w[s][i], i);
      }
    }
#pragma GCC unroll 12
    for (int i = 4; i < 16; i++) {
#pragma GCC unroll 2
      for (int s = 0; s < streams; s++) {
        w[s][i & 3] = SCHEDULE(w[s][i & 3], w[s][(i + 1) & 3], w[s][(i + 2) & 3], w[s][(i + 3) & 3]);
        QUAD(s, w[s][i & 3], i);
      }
    }
#pragma GCC unroll 2
    for (int s = 0; s < streams; s++) {
      abef[s] = _mm_add_epi32(abef[s], abef_before[s]);
      cdgh[s] = _mm_add_epi32(cdgh[s], cdgh_before[s]);
    }
  }
  for (int s = 0; s < streams; s++) {
    uint32_t *of = h + s;
    of[0] = (uint32_t)_mm_extract_epi32(abef[s], 3);
    of[streams] = (uint32_t)_mm_extract_epi32(abef[s], 2);
    of[2 * streams] = (uint32_t)_mm_extract_epi32(cdgh[s], 3);
    of[3 * streams] = (uint32_t)_mm_extract_epi32(cdgh[s], 2);
    of[4 * streams] = (uint32_t)_mm_extract_epi32(abef[s], 1);
    of[5 * streams] = (uint32_t)_mm_extract_epi32(abef[s], 0);
    of[6 * streams] = (uint32_t)_mm_extract_epi32(cdgh[s], 1);
    of[7 * streams] = (uint32_t)_mm_extract_epi32(cdgh[s], 0);
  }
}

SHA_NI static void sha_ni(uint32_t h[8], const uint8_t *blocks, size_t count) { sha_ni_streams(1, h, &blocks, count); }

SHA_NI static void sha_ni_pair(uint32_t *h, const uint8_t *const *blocks, size_t count) {
  sha_ni_streams(2, h, blocks, count);
}

shale_sha256_kernel shale_sha256_hardware(void) {
  const shale_cpu cpu = shale_cpu_features();
  return cpu.sha && cpu.sse41 && cpu.ssse3 ? sha_ni : NULL;
}

bool shale_sha256_hardware_lanes(shale_sha256_lanes *out) {
  *out = (shale_sha256_lanes){"sha-ni", 2, sha_ni_pair};
  return shale_sha256_hardware() != NULL;
}

#elif defined(__aarch64__)
#include <arm_neon.h>
#include <sys/auxv.h>

#ifndef HWCAP_SHA2
#define HWCAP_SHA2 (1 << 6)
#endif

#define ARMV8 __attribute__((target("+crypto")))

/* `streams` (1 or 2, constant) inputs in turns: the instructions of one wait for each other, those of two do not. `h` is
   eight rows of a word per stream. */
ARMV8 static inline __attribute__((always_inline)) void armv8_streams(const int streams, uint32_t *h,
                                                                      const uint8_t *const *blocks, size_t count) {
  uint32x4_t abcd[2], efgh[2], w[2][4];
  for (int s = 0; s < streams; s++) {
    for (int i = 0; i < 4; i++) abcd[s][i] = h[i * streams + s], efgh[s][i] = h[(i + 4) * streams + s];
  }
  for (size_t at = 0; at < 64 * count; at += 64) {
    uint32x4_t abcd_before[2], efgh_before[2];
#pragma GCC unroll 2
    for (int s = 0; s < streams; s++) {
      fetch_ahead(blocks[s] + at);
      abcd_before[s] = abcd[s], efgh_before[s] = efgh[s];
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) w[s][i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(blocks[s] + at + 16 * i)));
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) {
#pragma GCC unroll 2
      for (int s = 0; s < streams; s++) {
        if (i >= 4) {
          w[s][i & 3] = vsha256su1q_u32(vsha256su0q_u32(w[s][i & 3], w[s][(i + 1) & 3]), w[s][(i + 2) & 3], w[s][(i + 3) & 3]);
        }
        const uint32x4_t k = vaddq_u32(w[s][i & 3], vld1q_u32(SHALE_SHA256_K + 4 * i));
        const uint32x4_t before = abcd[s];
        abcd[s] = vsha256hq_u32(abcd[s], efgh[s], k);
        efgh[s] = vsha256h2q_u32(efgh[s], before, k);
      }
    }
#pragma GCC unroll 2
    for (int s = 0; s < streams; s++) {
      abcd[s] = vaddq_u32(abcd[s], abcd_before[s]);
      efgh[s] = vaddq_u32(efgh[s], efgh_before[s]);
    }
  }
  for (int s = 0; s < streams; s++) {
    for (int i = 0; i < 4; i++) h[i * streams + s] = abcd[s][i], h[(i + 4) * streams + s] = efgh[s][i];
  }
}

ARMV8 static void armv8(uint32_t h[8], const uint8_t *blocks, size_t count) { armv8_streams(1, h, &blocks, count); }

ARMV8 static void armv8_pair(uint32_t *h, const uint8_t *const *blocks, size_t count) {
  armv8_streams(2, h, blocks, count);
}

shale_sha256_kernel shale_sha256_hardware(void) { return getauxval(AT_HWCAP) & HWCAP_SHA2 ? armv8 : NULL; }

bool shale_sha256_hardware_lanes(shale_sha256_lanes *out) {
  *out = (shale_sha256_lanes){"armv8", 2, armv8_pair};
  return shale_sha256_hardware() != NULL;
}

#else
shale_sha256_kernel shale_sha256_hardware(void) { return NULL; }

bool shale_sha256_hardware_lanes(shale_sha256_lanes *out) {
  (void)out;
  return false;
}
#endif
