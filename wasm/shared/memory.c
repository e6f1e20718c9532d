#include "memory.h"

#include <stdint.h>

#define PAGE 65536u
#define ALIGNMENT ((uintptr_t)16)

extern uint8_t __heap_base;
static uintptr_t heap;
static uintptr_t last;

EXPORT("alloc") void *alloc(size_t size) {
  if (heap == 0) heap = (uintptr_t)&__heap_base;
  uintptr_t start = (heap + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  uintptr_t end = start + size;
  size_t held = __builtin_wasm_memory_size(0) * PAGE;
  if (end < start) return NULL;
  if (end > held && __builtin_wasm_memory_grow(0, (end - held + PAGE - 1) / PAGE) == (size_t)-1) return NULL;
  last = start;
  heap = end;
  return (void *)start;
}

void release(void *bytes) {
  if (bytes != NULL && (uintptr_t)bytes == last) heap = last;
}
