/* Names in a tar stream, made relative to the root of the tree. */
#ifndef SHALE_TAR_PATH_H
#define SHALE_TAR_PATH_H

#include "entry.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { SHALE_PATH_OK, SHALE_PATH_ESCAPES, SHALE_PATH_TOO_LONG, SHALE_PATH_HAS_NUL } shale_path_fault;

/*
 * Drops leading slashes and empty and `.` components; `..` is refused wherever it stands, because what it means
 * depends on links. `out` holds raw.length bytes.
 */
shale_path_fault shale_normalize_path(shale_bytes raw, uint8_t *out, shale_bytes *path);

#ifdef __cplusplus
}
#endif
#endif
