/* libFuzzer on the tar reader. The first byte of an input is no tar: it says how the rest is fed. */
#include "read_all.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length) {
  static shale_reader reader;
  if (length < 2) return 0;
  const uint8_t how = input[0];
  const size_t size = length - 1;
  uint8_t *bytes = malloc(size);
  memcpy(bytes, input + 1, size);
  if (how & 1) fix_checksums(bytes, size);
  read_all(&reader, bytes, size, how);
  free(bytes);
  if (failures > 0) abort();
  return 0;
}
