/* Whiteouts as the OCI image specification writes them (AUFS style). */
#ifndef SHALE_WHITEOUT_H
#define SHALE_WHITEOUT_H

#include "entry.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  SHALE_NOT_WHITEOUT,
  SHALE_IS_WHITEOUT,
  SHALE_IS_OPAQUE,
  /* AUFS's own files, `.wh..wh.plnk` and so on: no content of a layer */
  SHALE_IS_AUFS_PRIVATE,
  /* `.wh.`, `.wh..` and `.wh...` would delete nothing, the directory itself or its parent */
  SHALE_IS_BAD_WHITEOUT
} shale_whiteout_kind;

/*
 * Looks at the last component of a path. For a whiteout, `target` gets the path that is deleted, written to `room`
 * (path.length bytes); for an opaque marker, the directory.
 */
shale_whiteout_kind shale_whiteout_parse(shale_bytes path, uint8_t *room, shale_bytes *target);
/* Writes the name of a whiteout of `path`, or of the opaque marker in it, and returns its length (path.length + 13 at most). */
size_t shale_whiteout_name(shale_bytes path, bool opaque, uint8_t *out);
/* True when any component of the path starts with `.wh.`. */
bool shale_has_reserved_name(shale_bytes path);

#ifdef __cplusplus
}
#endif
#endif
