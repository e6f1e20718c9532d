/*
 * Tar headers: POSIX pax, with ustar fields wherever a value fits them.
 * The same entry always gives the same bytes: no user or group names, no times but mtime, records sorted by keyword.
 */
#ifndef SHALE_TAR_WRITE_H
#define SHALE_TAR_WRITE_H

#include "entry.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SHALE_TAR_BLOCK 512u

/* Upper bound of the bytes of the header, with its pax header. */
size_t shale_tar_header_bound(const shale_entry *entry);
/*
 * Writes the header blocks (a multiple of 512) that stand before the content. `whiteout` and `opaque` entries
 * become the empty files that the OCI image specification names. Nanoseconds are left out.
 * Returns the length, or 0 when the entry cannot stand in a tar (a path too long, NUL, an id or size out of range).
 * `out` holds shale_tar_header_bound bytes.
 */
size_t shale_tar_header(const shale_entry *entry, uint8_t *out);
/* Bytes of zeros that fill the last block of a content of `size` bytes. */
static inline size_t shale_tar_padding(uint64_t size) {
  return (size_t)((SHALE_TAR_BLOCK - size % SHALE_TAR_BLOCK) % SHALE_TAR_BLOCK);
}

#ifdef __cplusplus
}
#endif
#endif
