/* The memory of an instance: a stack. What was allocated last can be given back, all else stays until the instance goes. */
#ifndef SHALE_WASM_MEMORY_H
#define SHALE_WASM_MEMORY_H

#include <stddef.h>

#define EXPORT(name) __attribute__((export_name(name)))

/* NULL when there is none left. Aligned to 16 bytes. */
void *alloc(size_t size);
/* Frees what was allocated last; anything else, and NULL, is left alone. */
void release(void *bytes);

#endif
