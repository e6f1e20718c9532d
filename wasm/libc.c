/* The few functions of libc that the core calls. Built with -mbulk-memory: memcpy and memset become one instruction. */
#include "bytes.h"

#undef memcpy
#undef memset
#undef memcmp
#undef strlen

void *memcpy(void *to, const void *from, size_t length) {
  __builtin_memcpy(to, from, length);
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
