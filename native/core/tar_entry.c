/* One entry of a tar, out of its header and what stood before it. */
#include "tar_number.h"
#include "tar_path.h"
#include "tar_reader.h"
#include "whiteout.h"

/* Names as they stand in the archive. */
typedef struct {
  shale_bytes name, link;
  char type;
} raw_entry;

static shale_bytes field_text(const uint8_t *block, tar_field field) {
  const uint8_t *start = block + field.offset;
  const uint8_t *nul = memchr(start, 0, field.length);
  shale_bytes text = {start, nul ? (size_t)(nul - start) : field.length};
  return text;
}

static bool read_numbers(shale_reader *reader) {
  shale_entry *entry = &reader->entry;
  uint64_t mode, mtime;
  if (!tar_read_number(reader, TAR_MODE, 0, &mode, "the mode is no number") ||
      !tar_read_number(reader, TAR_UID, 0, &entry->uid, "the uid is no number that fits") ||
      !tar_read_number(reader, TAR_GID, 0, &entry->gid, "the gid is no number that fits") ||
      !tar_read_number(reader, TAR_SIZE, 0, &entry->size, "the size is no number that fits") ||
      !tar_read_number(reader, TAR_MTIME, -(int64_t)SHALE_MAX_SAFE / 4, &mtime, "the mtime is no number that fits")) {
    return false;
  }
  entry->mode = (uint32_t)(mode & 07777);
  entry->mtime = (int64_t)mtime;
  return true;
}

static shale_bytes read_name(shale_reader *reader) {
  shale_bytes name = field_text(reader->block, TAR_NAME);
  /* GNU's magic is "ustar  ": what would be the prefix holds times there. */
  if (memcmp(reader->block + TAR_MAGIC.offset, "ustar", 6) != 0) return name;
  shale_bytes prefix = field_text(reader->block, TAR_PREFIX);
  if (prefix.length == 0) return name;
  memcpy(reader->hidden, prefix.data, prefix.length);
  reader->hidden[prefix.length] = '/';
  memcpy(reader->hidden + prefix.length + 1, name.data, name.length);
  shale_bytes joined = {reader->hidden, prefix.length + 1 + name.length};
  return joined;
}

static bool read_names(shale_reader *reader, const pax_fields *pax, raw_entry *raw) {
  if (reader->has_long_name && pax->path.data) return tar_corrupt(reader, "an entry has two long names");
  if (reader->has_long_link && pax->linkpath.data) return tar_corrupt(reader, "an entry has two long link targets");
  raw->name = read_name(reader);
  raw->link = field_text(reader->block, TAR_LINK);
  shale_bytes long_name = {reader->long_name, reader->long_name_length};
  shale_bytes long_link = {reader->long_link, reader->long_link_length};
  if (reader->has_long_name) raw->name = long_name;
  if (reader->has_long_link) raw->link = long_link;
  if (pax->path.data) raw->name = pax->path;
  if (pax->linkpath.data) raw->link = pax->linkpath;
  return true;
}

static bool normalize(shale_reader *reader, shale_bytes raw, uint8_t *room, shale_bytes *path, const char *escape_code) {
  if (raw.length > SHALE_MAX_PATH + 256) return tar_fail(reader, "LAYER_PATH_TOO_LONG", "a path is longer than 4095 bytes");
  switch (shale_normalize_path(raw, room, path)) {
    case SHALE_PATH_OK: return true;
    case SHALE_PATH_ESCAPES: return tar_fail(reader, escape_code, "a path holds a `..` component");
    case SHALE_PATH_TOO_LONG:
      return tar_fail(reader, "LAYER_PATH_TOO_LONG", "a path is longer than 4095 bytes or a name longer than 255");
    case SHALE_PATH_HAS_NUL: return tar_corrupt(reader, "a path holds a NUL byte");
  }
  return false;
}

static bool take_link(shale_reader *reader, const raw_entry *raw) {
  shale_entry *entry = &reader->entry;
  if (raw->link.length == 0) return tar_fail(reader, "LAYER_LINK_INVALID", "a link has no target");
  if (entry->type == SHALE_HARDLINK) {
    if (!normalize(reader, raw->link, reader->link, &entry->link, "LAYER_LINK_INVALID")) return false;
    bool self = entry->link.length == entry->path.length &&
                memcmp(entry->link.data, entry->path.data, entry->path.length) == 0;
    if (entry->link.length == 0 || self || shale_has_reserved_name(entry->link)) {
      return tar_fail(reader, "LAYER_LINK_INVALID", "a hard link names the root, itself or a whiteout");
    }
    entry->xattrs.length = entry->xattr_count = 0;
    return true;
  }
  if (raw->link.length >= SHALE_MAX_PATH) return tar_fail(reader, "LAYER_PATH_TOO_LONG", "a link target is longer than 4095 bytes");
  if (memchr(raw->link.data, 0, raw->link.length) != NULL) return tar_corrupt(reader, "a link target holds a NUL byte");
  memcpy(reader->link, raw->link.data, raw->link.length);
  entry->link.data = reader->link;
  entry->link.length = raw->link.length;
  return true;
}

static bool take_device(shale_reader *reader) {
  uint64_t major, minor;
  if (!tar_read_number(reader, TAR_MAJOR, 0, &major, "the device number is no number") ||
      !tar_read_number(reader, TAR_MINOR, 0, &minor, "the device number is no number")) {
    return false;
  }
  if (major > UINT32_MAX || minor > UINT32_MAX) return tar_corrupt(reader, "the device number does not fit");
  reader->entry.major = (uint32_t)major;
  reader->entry.minor = (uint32_t)minor;
  reader->entry.has_device = true;
  return true;
}

static bool take_type(shale_reader *reader, const raw_entry *raw) {
  shale_entry *entry = &reader->entry;
  switch (raw->type) {
    case '0':
    case '7':
    case 0: entry->type = SHALE_FILE; break;
    case '1': entry->type = SHALE_HARDLINK; break;
    case '2': entry->type = SHALE_SYMLINK; break;
    case '3': entry->type = SHALE_CHAR; break;
    case '4': entry->type = SHALE_BLOCK; break;
    case '5': entry->type = SHALE_DIR; break;
    case '6': entry->type = SHALE_FIFO; break;
    case 'S': return tar_fail(reader, "LAYER_SPARSE_UNSUPPORTED", "sparse files are not supported");
    default: return tar_fail(reader, "LAYER_TYPE_UNSUPPORTED", "an entry has a type that no layer may hold");
  }
  /* V7 has no type for directories: their names end with a slash. */
  if (entry->type == SHALE_FILE && raw->name.length > 0 && raw->name.data[raw->name.length - 1] == '/') {
    if (entry->size > 0) return tar_corrupt(reader, "a directory has content");
    entry->type = SHALE_DIR;
  }
  /* Whatever their size says, the other types have no content (POSIX pax, GNU tar and Go agree). */
  if (entry->type != SHALE_FILE) entry->size = 0;
  return true;
}

/* A name that starts with `.wh.` becomes what it stands for. */
static bool take_whiteout(shale_reader *reader, bool *ignore) {
  shale_entry *entry = &reader->entry;
  shale_bytes target = entry->path;
  shale_whiteout_kind kind = shale_whiteout_parse(entry->path, reader->hidden, &target);
  if (kind == SHALE_IS_BAD_WHITEOUT) {
    return tar_fail(reader, "LAYER_WHITEOUT_INVALID", "a whiteout names nothing, its directory or the parent of it");
  }
  *ignore = kind == SHALE_IS_AUFS_PRIVATE;
  if (*ignore) return true;
  if (shale_has_reserved_name(target)) return tar_fail(reader, "LAYER_NAME_RESERVED", "a directory's name starts with .wh.");
  if (kind == SHALE_NOT_WHITEOUT) return true;
  entry->type = kind == SHALE_IS_OPAQUE ? SHALE_OPAQUE : SHALE_WHITEOUT;
  entry->path = target;
  entry->size = 0;
  entry->link.length = entry->xattrs.length = 0;
  entry->xattr_count = 0;
  entry->has_device = false;
  return true;
}

static bool check_entry(shale_reader *reader) {
  shale_entry *entry = &reader->entry;
  if (entry->path.length == 0 && entry->type != SHALE_DIR && entry->type != SHALE_OPAQUE) {
    return tar_fail(reader, "LAYER_ENTRY_INVALID", "the root of a layer can only be a directory");
  }
  if (entry->uid > SHALE_MAX_ID || entry->gid > SHALE_MAX_ID) {
    return tar_fail(reader, "LAYER_ENTRY_INVALID", "an entry has a uid or gid beyond 4294967294");
  }
  return true;
}

bool tar_build_entry(shale_reader *reader, bool *ignore) {
  pax_fields pax;
  raw_entry raw = {.type = (char)reader->block[TAR_TYPE.offset]};
  memset(&pax, 0, sizeof pax);
  if (!read_numbers(reader)) return false;
  if (reader->has_pax && !tar_read_pax(reader, &pax)) return false;
  if (!read_names(reader, &pax, &raw) || !tar_take_pax_numbers(reader, &pax)) return false;
  if (!normalize(reader, raw.name, reader->path, &reader->entry.path, "LAYER_PATH_ESCAPES")) return false;
  if (!take_type(reader, &raw)) return false;
  uint8_t type = reader->entry.type;
  uint64_t size = reader->entry.size;
  if ((type == SHALE_HARDLINK || type == SHALE_SYMLINK) && !take_link(reader, &raw)) return false;
  if ((type == SHALE_CHAR || type == SHALE_BLOCK) && !take_device(reader)) return false;
  if (!take_whiteout(reader, ignore) || !check_entry(reader)) return false;
  reader->left = size;
  reader->padding = (size_t)((512 - size % 512) % 512);
  reader->skip_content = *ignore || reader->entry.type != SHALE_FILE;
  reader->has_pax = reader->has_long_name = reader->has_long_link = false;
  reader->state = size > 0 ? CONTENT : HEADER;
  return true;
}
