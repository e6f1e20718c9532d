/* Known answers of every SHA-256 kernel that this CPU has, one stream and many. */
#include <stdlib.h>

#include "check.h"
#include "sha256_many.h"

#define LENGTHS 301u

static uint8_t input[LENGTHS];

static bool is(const uint8_t digest[32], const char *expected) {
  char hex[65];
  for (int i = 0; i < 32; i++) sprintf(hex + 2 * i, "%02x", digest[i]);
  return strcmp(hex, expected) == 0;
}

static void hash(const void *bytes, size_t length, uint8_t digest[32]) {
  shale_sha256 state;
  shale_sha256_init(&state);
  shale_sha256_update(&state, bytes, length);
  shale_sha256_final(&state, digest);
}

/* FIPS 180-4 examples. */
static void test_examples(void) {
  static const struct {
    const char *input, *digest;
  } known[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
  };
  uint8_t digest[32];
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    hash(known[i].input, strlen(known[i].input), digest);
    CHECK(is(digest, known[i].digest));
  }
}

/* A million `a` (FIPS 180-4), the state saved and restored on the way. */
static void test_saved_state(void) {
  uint8_t digest[32];
  shale_sha256 state;
  shale_sha256_init(&state);
  for (int i = 0; i < 100000; i++) {
    uint8_t saved[SHALE_SHA256_STATE_SIZE];
    shale_sha256_update(&state, "aaaaaaaaaa", 10);
    if (i % 1000 != 0) continue;
    shale_sha256_save(&state, saved);
    memset(&state, 0xee, sizeof state);
    shale_sha256_restore(&state, saved);
  }
  shale_sha256_final(&state, digest);
  CHECK(is(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
}

/* The digest of the digests of every length from 0 to 300, as Python's hashlib makes it. */
static const char *const OF_ALL_LENGTHS = "7d917fbd2cf49ddff9ad0a8706bba32d204e92e71d2e369c5a03d6af29278c9f";

static void test_every_length_in_two_parts(void) {
  uint8_t digests[LENGTHS][32], digest[32];
  for (size_t length = 0; length < LENGTHS; length++) {
    shale_sha256 state;
    shale_sha256_init(&state);
    shale_sha256_update(&state, input, length / 3);
    shale_sha256_update(&state, input + length / 3, length - length / 3);
    shale_sha256_final(&state, digests[length]);
  }
  hash(digests, sizeof digests, digest);
  CHECK(is(digest, OF_ALL_LENGTHS));
}

static void test_many_of_every_length(const shale_sha256_lanes *kernel) {
  shale_bytes inputs[LENGTHS];
  uint8_t digests[LENGTHS][32], digest[32];
  for (size_t length = 0; length < LENGTHS; length++) inputs[length] = (shale_bytes){input, length};
  shale_sha256_many_with(kernel, inputs, LENGTHS, digests);
  hash(digests, sizeof digests, digest);
  CHECK(is(digest, OF_ALL_LENGTHS));
}

/* Few and many inputs, short ones beside long ones: lanes end, are filled and fall idle in every order. Each input is a
   block of memory of its own, so that a sanitizer sees a read beyond it. */
static void test_many_mixed(const shale_sha256_lanes *kernel) {
  uint32_t random = 1;
  for (size_t count = 0; count < 40; count++) {
    shale_bytes inputs[40] = {{0}};
    uint8_t digests[40][32], digest[32];
    for (size_t i = 0; i < count; i++) {
      random = random * 1664525u + 1013904223u;
      const size_t length = (random >> 8) % (random >> 31 ? 5000 : 200);
      uint8_t *bytes = malloc(length + 1);
      for (size_t k = 0; k < length; k++) bytes[k] = (uint8_t)(k * 31 + i);
      inputs[i] = (shale_bytes){bytes, length};
    }
    shale_sha256_many_with(kernel, inputs, count, digests);
    for (size_t i = 0; i < count; i++) {
      hash(inputs[i].data, inputs[i].length, digest);
      CHECK(memcmp(digest, digests[i], 32) == 0);
      free((void *)(uintptr_t)inputs[i].data);
    }
  }
}

int main(void) {
  shale_sha256_named kernels[SHALE_SHA256_KERNELS];
  shale_sha256_lanes lanes[SHALE_SHA256_LANE_KERNELS];
  const size_t count = shale_sha256_kernels_of_cpu(kernels), lane_count = shale_sha256_lanes_of_cpu(lanes);
  for (size_t i = 0; i < sizeof input; i++) input[i] = (uint8_t)(i * 7 + 3);
  for (size_t i = 0; i < count; i++) {
    printf("%s\n", kernels[i].name);
    shale_sha256_use(kernels[i].run);
    test_examples();
    test_saved_state();
    test_every_length_in_two_parts();
  }
  for (size_t i = 0; i < lane_count; i++) {
    printf("%s, %u lanes\n", lanes[i].name, lanes[i].lanes);
    test_many_of_every_length(&lanes[i]);
    test_many_mixed(&lanes[i]);
  }
  printf("%d failures\n", failures);
  return failures > 0;
}
