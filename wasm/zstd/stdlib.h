/* What libzstd includes of libc: wasm/shared/libc.c has it. */
#include <stddef.h>

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void free(void *bytes);
