#include "crc32.h"

static uint32_t tables[8][256];
static int ready;

static void make_tables(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0);
    tables[0][i] = crc;
  }
  for (uint32_t i = 0; i < 256; i++) {
    for (int t = 1; t < 8; t++) tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 255];
  }
  /* Threads that race here write the same values. */
  __atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
}

static uint32_t load(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t shale_crc32(uint32_t crc, const uint8_t *bytes, size_t length) {
  if (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE)) make_tables();
  crc = ~crc;
  for (; length >= 8; length -= 8, bytes += 8) {
    uint32_t low = crc ^ load(bytes), high = load(bytes + 4);
    crc = tables[7][low & 255] ^ tables[6][low >> 8 & 255] ^ tables[5][low >> 16 & 255] ^ tables[4][low >> 24] ^
          tables[3][high & 255] ^ tables[2][high >> 8 & 255] ^ tables[1][high >> 16 & 255] ^ tables[0][high >> 24];
  }
  for (; length > 0; length--) crc = (crc >> 8) ^ tables[0][(crc ^ *bytes++) & 255];
  return ~crc;
}
