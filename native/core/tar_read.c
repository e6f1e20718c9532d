#include "tar_read.h"

#include "tar_format.h"
#include "tar_number.h"
#include "tar_path.h"
#include "tar_pax.h"
#include "whiteout.h"

enum { HEADER, CONTENT, PADDING, META_PAX, META_GLOBAL, META_NAME, META_LINK, DRAIN, FAILED };

/* What a pax header says of the entry that follows it; data == NULL where it says nothing. */
typedef struct {
  shale_bytes path, linkpath, size, uid, gid, mtime;
} pax_fields;

typedef struct {
  shale_bytes name, link;
  char type;
} raw_entry;

void shale_reader_init(shale_reader *reader) { memset(reader, 0, offsetof(shale_reader, block)); }

static bool fail(shale_reader *reader, const char *code, const char *message) {
  reader->state = FAILED;
  reader->code = code;
  reader->message = message;
  return false;
}

static bool corrupt(shale_reader *reader, const char *message) { return fail(reader, "LAYER_TAR_CORRUPT", message); }

static shale_bytes field_text(const uint8_t *block, tar_field field) {
  const uint8_t *start = block + field.offset;
  const uint8_t *nul = memchr(start, 0, field.length);
  shale_bytes text = {start, nul ? (size_t)(nul - start) : field.length};
  return text;
}

static bool is_zero(const uint8_t *block) {
  for (size_t i = 0; i < 512; i++) {
    if (block[i] != 0) return false;
  }
  return true;
}

/* Old writers summed signed chars. */
static bool checksum_matches(const uint8_t *block) {
  int64_t expected, plain = 0, with_sign = 0;
  if (!shale_parse_field(block + TAR_CHECKSUM.offset, TAR_CHECKSUM.length, &expected)) return false;
  for (size_t i = 0; i < 512; i++) {
    bool in_sum = i >= TAR_CHECKSUM.offset && i < TAR_CHECKSUM.offset + TAR_CHECKSUM.length;
    plain += in_sum ? ' ' : block[i];
    with_sign += in_sum ? ' ' : (int8_t)block[i];
  }
  return expected == plain || expected == with_sign;
}

/* ---- pax ---- */

static bool is_sparse_key(shale_bytes key) { return shale_starts_with(key, "GNU.sparse."); }

static bool take_xattr(shale_reader *reader, shale_bytes key, shale_bytes value) {
  size_t prefix = strlen("SCHILY.xattr.");
  shale_bytes name = {key.data + prefix, key.length - prefix};
  if (name.length == 0) return corrupt(reader, "an extended attribute has no name");
  if (name.length > 255) return corrupt(reader, "the name of an extended attribute is longer than 255 bytes");
  if (value.length > 65536) return corrupt(reader, "an extended attribute is larger than 64 KiB");
  uint8_t *at = reader->xattrs + reader->entry.xattrs.length;
  uint8_t *start = at;
  at += shale_put_varint(at, name.length);
  memcpy(at, name.data, name.length);
  at += name.length;
  at += shale_put_varint(at, value.length);
  memcpy(at, value.data, value.length);
  at += value.length;
  reader->entry.xattrs.data = reader->xattrs;
  reader->entry.xattrs.length += (size_t)(at - start);
  reader->entry.xattr_count++;
  return true;
}

static bool take_record(shale_reader *reader, pax_fields *pax, shale_bytes key, shale_bytes value) {
  if (shale_starts_with(key, "SCHILY.xattr.")) return take_xattr(reader, key, value);
  if (is_sparse_key(key)) return fail(reader, "LAYER_SPARSE_UNSUPPORTED", "sparse files are not supported");
  /* An empty value takes the record back. */
  if (value.length == 0) value.data = NULL;
  if (shale_equals(key, "path")) pax->path = value;
  if (shale_equals(key, "linkpath")) pax->linkpath = value;
  if (shale_equals(key, "size")) pax->size = value;
  if (shale_equals(key, "uid")) pax->uid = value;
  if (shale_equals(key, "gid")) pax->gid = value;
  if (shale_equals(key, "mtime")) pax->mtime = value;
  return true;
}

static bool read_pax(shale_reader *reader, pax_fields *pax) {
  const uint8_t *at = reader->pax, *end = at + reader->pax_length;
  shale_bytes key, value;
  for (;;) {
    switch (shale_next_pax(&at, end, &key, &value)) {
      case SHALE_PAX_END: return true;
      case SHALE_PAX_MALFORMED: return corrupt(reader, "a pax record is malformed");
      case SHALE_PAX_RECORD: break;
    }
    if (!take_record(reader, pax, key, value)) return false;
  }
}

/* A global header may describe the archive, but must not rename or resize what follows. */
static bool check_global(shale_reader *reader) {
  const uint8_t *at = reader->pax, *end = at + reader->pax_length;
  shale_bytes key, value;
  for (;;) {
    switch (shale_next_pax(&at, end, &key, &value)) {
      case SHALE_PAX_END: return true;
      case SHALE_PAX_MALFORMED: return corrupt(reader, "a global pax record is malformed");
      case SHALE_PAX_RECORD: break;
    }
    if (shale_equals(key, "path") || shale_equals(key, "linkpath") || shale_equals(key, "size") || is_sparse_key(key)) {
      return corrupt(reader, "a global pax header sets path, linkpath or size");
    }
  }
}

static bool take_pax_numbers(shale_reader *reader, const pax_fields *pax) {
  shale_entry *entry = &reader->entry;
  if (pax->size.data && !shale_parse_decimal(pax->size, &entry->size)) return corrupt(reader, "the pax size is no number");
  if (pax->uid.data && !shale_parse_decimal(pax->uid, &entry->uid)) return corrupt(reader, "the pax uid is no number");
  if (pax->gid.data && !shale_parse_decimal(pax->gid, &entry->gid)) return corrupt(reader, "the pax gid is no number");
  if (pax->mtime.data && !shale_parse_time(pax->mtime, &entry->mtime, &entry->mtime_ns)) {
    return corrupt(reader, "the pax mtime is no time");
  }
  return true;
}

/* ---- the header itself ---- */

static bool read_number(shale_reader *reader, tar_field field, int64_t low, uint64_t *value, const char *message) {
  int64_t number;
  if (!shale_parse_field(reader->block + field.offset, field.length, &number)) return corrupt(reader, message);
  if (number < low || number > (int64_t)SHALE_MAX_SAFE) return corrupt(reader, message);
  *value = (uint64_t)number;
  return true;
}

static bool read_numbers(shale_reader *reader) {
  shale_entry *entry = &reader->entry;
  uint64_t mode, mtime;
  if (!read_number(reader, TAR_MODE, 0, &mode, "the mode is no number") ||
      !read_number(reader, TAR_UID, 0, &entry->uid, "the uid is no number that fits") ||
      !read_number(reader, TAR_GID, 0, &entry->gid, "the gid is no number that fits") ||
      !read_number(reader, TAR_SIZE, 0, &entry->size, "the size is no number that fits") ||
      !read_number(reader, TAR_MTIME, -(int64_t)SHALE_MAX_SAFE / 4, &mtime, "the mtime is no number that fits")) {
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
  if (reader->has_long_name && pax->path.data) return corrupt(reader, "an entry has two long names");
  if (reader->has_long_link && pax->linkpath.data) return corrupt(reader, "an entry has two long link targets");
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
  if (raw.length > SHALE_MAX_PATH + 256) return fail(reader, "LAYER_PATH_TOO_LONG", "a path is longer than 4095 bytes");
  switch (shale_normalize_path(raw, room, path)) {
    case SHALE_PATH_OK: return true;
    case SHALE_PATH_ESCAPES: return fail(reader, escape_code, "a path holds a `..` component");
    case SHALE_PATH_TOO_LONG:
      return fail(reader, "LAYER_PATH_TOO_LONG", "a path is longer than 4095 bytes or a name longer than 255");
    case SHALE_PATH_HAS_NUL: return corrupt(reader, "a path holds a NUL byte");
  }
  return false;
}

static bool take_link(shale_reader *reader, const raw_entry *raw) {
  shale_entry *entry = &reader->entry;
  if (raw->link.length == 0) return fail(reader, "LAYER_LINK_INVALID", "a link has no target");
  if (entry->type == SHALE_HARDLINK) {
    if (!normalize(reader, raw->link, reader->link, &entry->link, "LAYER_LINK_INVALID")) return false;
    bool self = entry->link.length == entry->path.length &&
                memcmp(entry->link.data, entry->path.data, entry->path.length) == 0;
    if (entry->link.length == 0 || self || shale_has_reserved_name(entry->link)) {
      return fail(reader, "LAYER_LINK_INVALID", "a hard link names the root, itself or a whiteout");
    }
    entry->xattrs.length = entry->xattr_count = 0;
    return true;
  }
  if (raw->link.length >= SHALE_MAX_PATH) return fail(reader, "LAYER_PATH_TOO_LONG", "a link target is longer than 4095 bytes");
  if (memchr(raw->link.data, 0, raw->link.length) != NULL) return corrupt(reader, "a link target holds a NUL byte");
  memcpy(reader->link, raw->link.data, raw->link.length);
  entry->link.data = reader->link;
  entry->link.length = raw->link.length;
  return true;
}

static bool take_device(shale_reader *reader) {
  uint64_t major, minor;
  if (!read_number(reader, TAR_MAJOR, 0, &major, "the device number is no number") ||
      !read_number(reader, TAR_MINOR, 0, &minor, "the device number is no number")) {
    return false;
  }
  if (major > UINT32_MAX || minor > UINT32_MAX) return corrupt(reader, "the device number does not fit");
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
    case 'S': return fail(reader, "LAYER_SPARSE_UNSUPPORTED", "sparse files are not supported");
    default: return fail(reader, "LAYER_TYPE_UNSUPPORTED", "an entry has a type that no layer may hold");
  }
  /* V7 has no type for directories: their names end with a slash. */
  if (entry->type == SHALE_FILE && raw->name.length > 0 && raw->name.data[raw->name.length - 1] == '/') {
    if (entry->size > 0) return corrupt(reader, "a directory has content");
    entry->type = SHALE_DIR;
  }
  /* Whatever their size says, the other types have no content (POSIX pax, GNU tar and Go agree). */
  if (entry->type != SHALE_FILE) entry->size = 0;
  return true;
}

/* A name that starts with `.wh.` becomes what it stands for; `*ignore` for AUFS's own files. */
static bool take_whiteout(shale_reader *reader, bool *ignore) {
  shale_entry *entry = &reader->entry;
  shale_bytes target = entry->path;
  shale_whiteout_kind kind = shale_whiteout_parse(entry->path, reader->hidden, &target);
  if (kind == SHALE_IS_BAD_WHITEOUT) {
    return fail(reader, "LAYER_WHITEOUT_INVALID", "a whiteout names nothing, its directory or the parent of it");
  }
  *ignore = kind == SHALE_IS_AUFS_PRIVATE;
  if (*ignore) return true;
  if (shale_has_reserved_name(target)) return fail(reader, "LAYER_NAME_RESERVED", "a directory's name starts with .wh.");
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
    return fail(reader, "LAYER_ENTRY_INVALID", "the root of a layer can only be a directory");
  }
  if (entry->uid > SHALE_MAX_ID || entry->gid > SHALE_MAX_ID) {
    return fail(reader, "LAYER_ENTRY_INVALID", "an entry has a uid or gid beyond 4294967294");
  }
  return true;
}

static bool build_entry(shale_reader *reader, bool *ignore) {
  pax_fields pax;
  raw_entry raw = {.type = (char)reader->block[TAR_TYPE.offset]};
  memset(&pax, 0, sizeof pax);
  if (!read_numbers(reader)) return false;
  if (reader->has_pax && !read_pax(reader, &pax)) return false;
  if (!read_names(reader, &pax, &raw) || !take_pax_numbers(reader, &pax)) return false;
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

/* ---- headers that describe the next one ---- */

static bool begin_meta(shale_reader *reader, int state, size_t limit) {
  uint64_t size;
  if (!read_number(reader, TAR_SIZE, 0, &size, "the size of a header is no number")) return false;
  if (size > limit) return fail(reader, "LAYER_HEADER_TOO_LARGE", "a pax or long-name header is too large");
  reader->left = size;
  reader->padding = (size_t)((512 - size % 512) % 512);
  reader->filled = 0;
  reader->state = state;
  return true;
}

static bool begin_header(shale_reader *reader, bool *is_meta) {
  *is_meta = true;
  switch (reader->block[TAR_TYPE.offset]) {
    case 'x':
      if (reader->has_pax) return corrupt(reader, "an entry has two pax headers");
      return begin_meta(reader, META_PAX, SHALE_MAX_PAX);
    case 'g':
      if (reader->has_pax) return corrupt(reader, "a global pax header stands between a pax header and its entry");
      return begin_meta(reader, META_GLOBAL, SHALE_MAX_PAX);
    case 'L':
      if (reader->has_long_name) return corrupt(reader, "an entry has two long names");
      return begin_meta(reader, META_NAME, sizeof reader->long_name);
    case 'K':
      if (reader->has_long_link) return corrupt(reader, "an entry has two long link targets");
      return begin_meta(reader, META_LINK, sizeof reader->long_link);
    default: *is_meta = false; return true;
  }
}

/* GNU's long names end with a NUL; one in the middle would hide the rest from C readers. */
static bool end_long(shale_reader *reader, const uint8_t *text, size_t *length) {
  size_t size = reader->filled;
  while (size > 0 && text[size - 1] == 0) size--;
  if (size == 0 || memchr(text, 0, size) != NULL) return corrupt(reader, "a long name is empty or holds a NUL byte");
  *length = size;
  return true;
}

static bool take_meta(shale_reader *reader, int state) {
  switch (state) {
    case META_PAX:
      reader->pax_length = reader->filled;
      reader->has_pax = true;
      return true;
    case META_GLOBAL: reader->pax_length = reader->filled; return check_global(reader);
    case META_NAME: reader->has_long_name = true; return end_long(reader, reader->long_name, &reader->long_name_length);
    default: reader->has_long_link = true; return end_long(reader, reader->long_link, &reader->long_link_length);
  }
}

static bool end_meta(shale_reader *reader) {
  if (!take_meta(reader, reader->state)) return false;
  reader->state = reader->padding > 0 ? PADDING : HEADER;
  reader->filled = 0;
  return true;
}

static uint8_t *meta_buffer(shale_reader *reader) {
  if (reader->state == META_NAME) return reader->long_name;
  if (reader->state == META_LINK) return reader->long_link;
  return reader->pax;
}

/* ---- the machine ---- */

static size_t take(shale_reader *reader, size_t length, uint64_t wanted) {
  size_t part = length < wanted ? length : (size_t)wanted;
  reader->position += part;
  return part;
}

static shale_read_event on_block(shale_reader *reader) {
  reader->filled = 0;
  memset(&reader->entry, 0, sizeof reader->entry);
  if (is_zero(reader->block)) {
    if (reader->has_pax || reader->has_long_name || reader->has_long_link) {
      corrupt(reader, "a pax or long-name header describes no entry");
      return SHALE_READ_ERROR;
    }
    if (reader->seen_zero_block) reader->state = DRAIN;
    reader->seen_zero_block = true;
    return SHALE_READ_MORE;
  }
  if (reader->seen_zero_block) {
    corrupt(reader, "an entry follows a lone block of zeros");
    return SHALE_READ_ERROR;
  }
  if (!checksum_matches(reader->block)) {
    corrupt(reader, "a header's checksum does not match");
    return SHALE_READ_ERROR;
  }
  bool is_meta, ignore = false;
  if (!begin_header(reader, &is_meta)) return SHALE_READ_ERROR;
  if (is_meta) {
    if (reader->left == 0 && !end_meta(reader)) return SHALE_READ_ERROR;
    return SHALE_READ_MORE;
  }
  if (!build_entry(reader, &ignore)) return SHALE_READ_ERROR;
  if (ignore) return SHALE_READ_MORE;
  reader->entry.has_offset = reader->entry.type == SHALE_FILE;
  reader->entry.offset = reader->entry.has_offset ? reader->position : 0;
  return SHALE_READ_ENTRY;
}

static shale_read_event on_content(shale_reader *reader, const uint8_t *bytes, size_t length, size_t *used) {
  size_t part = take(reader, length, reader->left);
  *used += part;
  reader->left -= part;
  reader->data.data = bytes;
  reader->data.length = part;
  if (reader->left == 0) reader->state = reader->padding > 0 ? PADDING : HEADER;
  return reader->skip_content ? SHALE_READ_MORE : SHALE_READ_DATA;
}

static shale_read_event on_meta(shale_reader *reader, const uint8_t *bytes, size_t length, size_t *used) {
  size_t part = take(reader, length, reader->left);
  memcpy(meta_buffer(reader) + reader->filled, bytes, part);
  *used += part;
  reader->filled += part;
  reader->left -= part;
  if (reader->left == 0 && !end_meta(reader)) return SHALE_READ_ERROR;
  return SHALE_READ_MORE;
}

static shale_read_event on_header(shale_reader *reader, const uint8_t *bytes, size_t length, size_t *used) {
  size_t part = take(reader, length, 512 - reader->filled);
  memcpy(reader->block + reader->filled, bytes, part);
  *used += part;
  reader->filled += part;
  return reader->filled == 512 ? on_block(reader) : SHALE_READ_MORE;
}

static void on_padding(shale_reader *reader, size_t length, size_t *used) {
  size_t part = take(reader, length, reader->padding);
  *used += part;
  reader->padding -= part;
  if (reader->padding > 0) return;
  reader->state = HEADER;
  reader->filled = 0;
}

shale_read_event shale_reader_next(shale_reader *reader, const uint8_t *bytes, size_t length, size_t *used) {
  *used = 0;
  if (reader->state == FAILED) return SHALE_READ_ERROR;
  while (*used < length) {
    const uint8_t *from = bytes + *used;
    size_t rest = length - *used;
    shale_read_event event = SHALE_READ_MORE;
    switch (reader->state) {
      case HEADER: event = on_header(reader, from, rest, used); break;
      case CONTENT: event = on_content(reader, from, rest, used); break;
      case PADDING: on_padding(reader, rest, used); break;
      /* What follows the end is read, so that the digests cover every byte, but means nothing. */
      case DRAIN: *used += take(reader, rest, rest); break;
      default: event = on_meta(reader, from, rest, used); break;
    }
    if (event != SHALE_READ_MORE) return event;
  }
  return SHALE_READ_MORE;
}

bool shale_reader_finish(shale_reader *reader) {
  if (reader->state == FAILED) return false;
  if (reader->state == DRAIN) return true;
  bool pending = reader->has_pax || reader->has_long_name || reader->has_long_link;
  if (reader->state == HEADER && reader->filled == 0 && !pending) return true;
  return fail(reader, "LAYER_TRUNCATED", "the tar ends in the middle of an entry");
}
