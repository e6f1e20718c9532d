/* What an entry is, from what stat(2) says of a file. For those who do I/O: the core itself does not. */
#ifndef SHALE_FILE_TYPE_H
#define SHALE_FILE_TYPE_H

#include <sys/stat.h>

#include "entry.h"

/* SHALE_TYPES for a socket, which no layer holds. */
static inline uint8_t shale_type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR: return SHALE_DIR;
    case S_IFLNK: return SHALE_SYMLINK;
    case S_IFCHR: return SHALE_CHAR;
    case S_IFBLK: return SHALE_BLOCK;
    case S_IFIFO: return SHALE_FIFO;
    case S_IFSOCK: return SHALE_TYPES;
    default: return SHALE_FILE;
  }
}

#endif
