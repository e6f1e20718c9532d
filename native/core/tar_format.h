/* Where the fields of a tar header lie (POSIX pax Interchange Format, ustar part). */
#ifndef SHALE_TAR_FORMAT_H
#define SHALE_TAR_FORMAT_H

#include <stddef.h>

typedef struct {
  size_t offset, length;
} tar_field;

static const tar_field TAR_NAME = {0, 100};
static const tar_field TAR_MODE = {100, 8};
static const tar_field TAR_UID = {108, 8};
static const tar_field TAR_GID = {116, 8};
static const tar_field TAR_SIZE = {124, 12};
static const tar_field TAR_MTIME = {136, 12};
static const tar_field TAR_CHECKSUM = {148, 8};
static const tar_field TAR_TYPE = {156, 1};
static const tar_field TAR_LINK = {157, 100};
static const tar_field TAR_MAGIC = {257, 8};
static const tar_field TAR_MAJOR = {329, 8};
static const tar_field TAR_MINOR = {337, 8};
static const tar_field TAR_PREFIX = {345, 155};

#endif
