/* Byte strings, integers in tar and index order, and the few libc functions that the WASM build lacks. */
#ifndef SHALE_BYTES_H
#define SHALE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__
void *memcpy(void *to, const void *from, size_t length);
void *memset(void *to, int byte, size_t length);
int memcmp(const void *a, const void *b, size_t length);
void *memchr(const void *bytes, int byte, size_t length);
size_t strlen(const char *text);
/* Freestanding, the compiler takes these for functions like any other: without this, loading a word is a call. */
#define memcpy __builtin_memcpy
#define memset __builtin_memset
#define memcmp __builtin_memcmp
#define strlen __builtin_strlen
#else
#include <string.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes that belong to somebody else. */
typedef struct {
  const uint8_t *data;
  size_t length;
} shale_bytes;

static inline shale_bytes shale_text(const char *text) {
  shale_bytes bytes = {(const uint8_t *)text, strlen(text)};
  return bytes;
}

static inline bool shale_starts_with(shale_bytes bytes, const char *prefix) {
  size_t length = strlen(prefix);
  return bytes.length >= length && memcmp(bytes.data, prefix, length) == 0;
}

static inline bool shale_equals(shale_bytes bytes, const char *text) {
  return bytes.length == strlen(text) && memcmp(bytes.data, text, bytes.length) == 0;
}

/* LEB128; returns the bytes written (at most 10). */
static inline size_t shale_put_varint(uint8_t *out, uint64_t value) {
  size_t length = 0;
  while (value >= 0x80) {
    out[length++] = (uint8_t)(value | 0x80);
    value >>= 7;
  }
  out[length++] = (uint8_t)value;
  return length;
}

/* Reads LEB128 and moves *at; false at the end of the bytes or beyond 64 bits. */
static inline bool shale_get_varint(const uint8_t **at, const uint8_t *end, uint64_t *value) {
  uint64_t result = 0;
  for (unsigned shift = 0; shift < 63 && *at < end; shift += 7) {
    uint8_t byte = *(*at)++;
    result |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) {
      *value = result;
      return true;
    }
  }
  return false;
}

#ifdef __cplusplus
}
#endif
#endif
