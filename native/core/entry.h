/* One entry of a layer, as lib/layer/types.ts describes it. All byte strings belong to somebody else. */
#ifndef SHALE_ENTRY_H
#define SHALE_ENTRY_H

#include "bytes.h"

#define SHALE_MAX_PATH 4096u
#define SHALE_MAX_COMPONENT 255u
/* The largest integer that a JavaScript number holds exactly. */
#define SHALE_MAX_SAFE 9007199254740991ull
/* (uid_t)-1 means "leave as it is" to chown(2), so it is no id. */
#define SHALE_MAX_ID 4294967294ull

/* The codes are those of lib/layer/record-format.ts. */
typedef enum {
  SHALE_FILE,
  SHALE_DIR,
  SHALE_SYMLINK,
  SHALE_HARDLINK,
  SHALE_CHAR,
  SHALE_BLOCK,
  SHALE_FIFO,
  SHALE_WHITEOUT,
  SHALE_OPAQUE,
  SHALE_TYPES
} shale_type;

typedef struct {
  uint8_t type;
  bool has_offset, has_device, has_source, has_data;
  uint32_t mode;
  uint64_t uid, gid, size;
  int64_t mtime;
  uint32_t mtime_ns;
  /* of the first content byte in the uncompressed tar */
  uint64_t offset;
  uint32_t major, minor;
  /* no leading or trailing slash; empty is the root */
  shale_bytes path, link;
  /* xattr_count times varint length, name, varint length, value; sorted by name where it will be written */
  shale_bytes xattrs;
  uint32_t xattr_count;
  /* for a writer: the file that holds the content, or the content */
  shale_bytes source, data;
} shale_entry;

#endif
