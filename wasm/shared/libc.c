/* The few functions of libc that the core and libzstd call. Built with -mbulk-memory: memcpy and memset become one instruction. */
#include <stddef.h>
#include <stdint.h>

#include "memory.h"

void *memcpy(void *to, const void *from, size_t length) {
  __builtin_memcpy(to, from, length);
  return to;
}

void *memmove(void *to, const void *from, size_t length) {
  __builtin_memmove(to, from, length);
  return to;
}

void *memset(void *to, int byte, size_t length) {
  __builtin_memset(to, byte, length);
  return to;
}

int memcmp(const void *a, const void *b, size_t length) {
  const uint8_t *x = a, *y = b;
  for (size_t i = 0; i < length; i++) {
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  }
  return 0;
}

void *memchr(const void *bytes, int byte, size_t length) {
  const uint8_t *at = bytes;
  for (size_t i = 0; i < length; i++) {
    if (at[i] == (uint8_t)byte) return (void *)(uintptr_t)(at + i);
  }
  return NULL;
}

size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length] != 0) length++;
  return length;
}

void *malloc(size_t size) { return alloc(size); }

void *calloc(size_t count, size_t size) {
  size_t length;
  if (__builtin_mul_overflow(count, size, &length)) return NULL;
  void *bytes = alloc(length);
  return bytes == NULL ? NULL : __builtin_memset(bytes, 0, length);
}

void free(void *bytes) { release(bytes); }
