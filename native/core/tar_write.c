#include "tar_write.h"

#include "record.h"
#include "tar_format.h"
#include "whiteout.h"

/* Room for a path, a slash, and what a whiteout adds. */
#define NAME_ROOM (SHALE_MAX_PATH + 16)
#define MAX_OCTAL_7 2097151ull
#define MAX_OCTAL_11 8589934591ull

static const char TYPE_FLAGS[SHALE_TYPES] = {'0', '5', '2', '1', '3', '4', '6', '0', '0'};

typedef struct {
  uint8_t name[NAME_ROOM];
  size_t length;
} tar_name;

/* What does not fit the ustar fields. */
typedef struct {
  bool path, link, size, uid, gid, mtime;
} overflow;

size_t shale_tar_header_bound(const shale_entry *entry) {
  return 4 * SHALE_TAR_BLOCK + NAME_ROOM + 512 + entry->link.length + entry->xattrs.length + 64 * (size_t)entry->xattr_count;
}

static void put_octal(uint8_t *field, size_t digits, uint64_t value) {
  for (size_t i = digits; i-- > 0; value >>= 3) field[i] = (uint8_t)('0' + (value & 7));
  field[digits] = 0;
}

static bool make_name(const shale_entry *entry, tar_name *out) {
  if (entry->path.length >= SHALE_MAX_PATH || memchr(entry->path.data, 0, entry->path.length) != NULL) return false;
  if (entry->type == SHALE_WHITEOUT || entry->type == SHALE_OPAQUE) {
    out->length = shale_whiteout_name(entry->path, entry->type == SHALE_OPAQUE, out->name);
    return out->length > 0;
  }
  if (entry->path.length == 0) {
    if (entry->type != SHALE_DIR) return false;
    memcpy(out->name, "./", 2);
    out->length = 2;
    return true;
  }
  memcpy(out->name, entry->path.data, entry->path.length);
  out->length = entry->path.length;
  if (entry->type == SHALE_DIR) out->name[out->length++] = '/';
  return true;
}

/* Where a long name splits into ustar's prefix and name; 0 when it does not. */
static size_t split_name(const tar_name *name) {
  size_t last = name->length - 1;
  if (last > TAR_PREFIX.length) last = TAR_PREFIX.length;
  for (size_t slash = last; slash > 0; slash--) {
    size_t rest = name->length - slash - 1;
    if (rest > TAR_NAME.length) return 0;
    if (name->name[slash] == '/' && rest > 0) return slash;
  }
  return 0;
}

static bool is_link(const shale_entry *entry) {
  return entry->type == SHALE_SYMLINK || entry->type == SHALE_HARDLINK;
}

static uint64_t content_size(const shale_entry *entry) {
  return entry->type == SHALE_FILE ? entry->size : 0;
}

static bool is_valid(const shale_entry *entry) {
  if (entry->type >= SHALE_TYPES || entry->mode > 07777) return false;
  if (entry->uid > SHALE_MAX_ID || entry->gid > SHALE_MAX_ID || entry->size > SHALE_MAX_SAFE) return false;
  if (entry->major > MAX_OCTAL_7 || entry->minor > MAX_OCTAL_7) return false;
  if (!is_link(entry)) return true;
  if (entry->link.length == 0 || entry->link.length >= SHALE_MAX_PATH) return false;
  return memchr(entry->link.data, 0, entry->link.length) == NULL;
}

static overflow find_overflow(const shale_entry *entry, const tar_name *name) {
  overflow over = {0};
  over.path = name->length > TAR_NAME.length && split_name(name) == 0;
  over.link = is_link(entry) && entry->link.length > TAR_LINK.length;
  over.size = content_size(entry) > MAX_OCTAL_11;
  over.uid = entry->uid > MAX_OCTAL_7;
  over.gid = entry->gid > MAX_OCTAL_7;
  over.mtime = entry->mtime < 0 || (uint64_t)entry->mtime > MAX_OCTAL_11;
  return over;
}

static size_t decimal(uint8_t *out, uint64_t value) {
  uint8_t digits[20];
  size_t length = 0;
  do digits[length++] = (uint8_t)('0' + value % 10);
  while ((value /= 10) > 0);
  for (size_t i = 0; i < length; i++) out[i] = digits[length - 1 - i];
  return length;
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static uint8_t *put_pax(uint8_t *at, const char *prefix, shale_bytes key, shale_bytes value) {
  size_t prefix_length = strlen(prefix);
  size_t rest = 1 + prefix_length + key.length + 1 + value.length + 1;
  uint8_t digits[20];
  size_t width = 1;
  while (decimal(digits, rest + width) != width) width++;
  at += decimal(at, rest + width);
  *at++ = ' ';
  memcpy(at, prefix, prefix_length);
  at += prefix_length;
  memcpy(at, key.data, key.length);
  at += key.length;
  *at++ = '=';
  if (value.length > 0) memcpy(at, value.data, value.length);
  at += value.length;
  *at++ = '\n';
  return at;
}

static uint8_t *put_pax_number(uint8_t *at, const char *key, int64_t value) {
  uint8_t text[21];
  size_t length = 0;
  if (value < 0) text[length++] = '-';
  length += decimal(text + length, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
  shale_bytes bytes = {text, length};
  return put_pax(at, "", shale_text(key), bytes);
}

static uint8_t *put_xattrs(uint8_t *at, const shale_entry *entry) {
  const uint8_t *from = entry->xattrs.data;
  const uint8_t *end = from + entry->xattrs.length;
  for (uint32_t i = 0; i < entry->xattr_count; i++) {
    shale_bytes name, value;
    if (!shale_get_xattr(&from, end, &name, &value)) break;
    at = put_pax(at, "SCHILY.xattr.", name, value);
  }
  return at;
}

/* Records in the order of their keywords' bytes: capitals first. */
static uint8_t *put_records(uint8_t *at, const shale_entry *entry, const tar_name *name, const overflow *over) {
  if (entry->type != SHALE_HARDLINK) at = put_xattrs(at, entry);
  if (over->gid) at = put_pax_number(at, "gid", (int64_t)entry->gid);
  if (over->link) at = put_pax(at, "", shale_text("linkpath"), entry->link);
  if (over->mtime) at = put_pax_number(at, "mtime", entry->mtime);
  shale_bytes path = {name->name, name->length};
  if (over->path) at = put_pax(at, "", shale_text("path"), path);
  if (over->size) at = put_pax_number(at, "size", (int64_t)entry->size);
  if (over->uid) at = put_pax_number(at, "uid", (int64_t)entry->uid);
  return at;
}

static void put_field(uint8_t *block, tar_field field, const uint8_t *bytes, size_t length) {
  memcpy(block + field.offset, bytes, length < field.length ? length : field.length);
}

static void put_checksum(uint8_t *block) {
  memset(block + TAR_CHECKSUM.offset, ' ', TAR_CHECKSUM.length);
  uint32_t sum = 0;
  for (size_t i = 0; i < SHALE_TAR_BLOCK; i++) sum += block[i];
  put_octal(block + TAR_CHECKSUM.offset, 6, sum);
  block[TAR_CHECKSUM.offset + 7] = ' ';
}

static void put_common(uint8_t *block, char type, uint64_t mode, uint64_t size, uint64_t mtime) {
  put_octal(block + TAR_MODE.offset, 7, mode);
  put_octal(block + TAR_SIZE.offset, 11, size);
  put_octal(block + TAR_MTIME.offset, 11, mtime);
  block[TAR_TYPE.offset] = (uint8_t)type;
  memcpy(block + TAR_MAGIC.offset, "ustar\00000", 8);
}

static void put_ustar(uint8_t *block, const shale_entry *entry, const tar_name *name, const overflow *over) {
  memset(block, 0, SHALE_TAR_BLOCK);
  size_t slash = name->length > TAR_NAME.length && !over->path ? split_name(name) : 0;
  if (slash > 0) {
    put_field(block, TAR_PREFIX, name->name, slash);
    put_field(block, TAR_NAME, name->name + slash + 1, name->length - slash - 1);
  } else {
    put_field(block, TAR_NAME, name->name, name->length);
  }
  put_octal(block + TAR_UID.offset, 7, over->uid ? 0 : entry->uid);
  put_octal(block + TAR_GID.offset, 7, over->gid ? 0 : entry->gid);
  put_common(block, TYPE_FLAGS[entry->type], entry->mode, over->size ? 0 : content_size(entry),
             over->mtime ? 0 : (uint64_t)entry->mtime);
  if (is_link(entry)) put_field(block, TAR_LINK, entry->link.data, entry->link.length);
  bool device = entry->type == SHALE_CHAR || entry->type == SHALE_BLOCK;
  put_octal(block + TAR_MAJOR.offset, 7, device ? entry->major : 0);
  put_octal(block + TAR_MINOR.offset, 7, device ? entry->minor : 0);
  put_checksum(block);
}

/* The name of a pax header matters to nobody but an extractor that does not know pax. */
static void put_pax_header(uint8_t *block, uint64_t size) {
  memset(block, 0, SHALE_TAR_BLOCK);
  memcpy(block, "PaxHeaders/entry", 16);
  put_octal(block + TAR_UID.offset, 7, 0);
  put_octal(block + TAR_GID.offset, 7, 0);
  put_common(block, 'x', 0644, size, 0);
  put_octal(block + TAR_MAJOR.offset, 7, 0);
  put_octal(block + TAR_MINOR.offset, 7, 0);
  put_checksum(block);
}

size_t shale_tar_header(const shale_entry *entry, uint8_t *out) {
  tar_name name;
  if (!is_valid(entry) || !make_name(entry, &name)) return 0;
  overflow over = find_overflow(entry, &name);
  uint8_t *records = out + SHALE_TAR_BLOCK;
  size_t length = (size_t)(put_records(records, entry, &name, &over) - records);
  if (length == 0) {
    put_ustar(out, entry, &name, &over);
    return SHALE_TAR_BLOCK;
  }
  put_pax_header(out, length);
  size_t padding = shale_tar_padding(length);
  memset(records + length, 0, padding);
  put_ustar(records + length + padding, entry, &name, &over);
  return 2 * SHALE_TAR_BLOCK + length + padding;
}
