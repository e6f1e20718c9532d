/* What pax headers say of the entry that follows. */
#include "tar_number.h"
#include "tar_pax.h"
#include "tar_reader.h"

static bool is_sparse_key(shale_bytes key) { return shale_starts_with(key, "GNU.sparse."); }

static bool take_xattr(shale_reader *reader, shale_bytes key, shale_bytes value) {
  size_t prefix = strlen("SCHILY.xattr.");
  shale_bytes name = {key.data + prefix, key.length - prefix};
  if (name.length == 0) return tar_corrupt(reader, "an extended attribute has no name");
  if (name.length > 255) return tar_corrupt(reader, "the name of an extended attribute is longer than 255 bytes");
  if (value.length > 65536) return tar_corrupt(reader, "an extended attribute is larger than 64 KiB");
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
  if (is_sparse_key(key)) return tar_fail(reader, "LAYER_SPARSE_UNSUPPORTED", "sparse files are not supported");
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

bool tar_read_pax(shale_reader *reader, pax_fields *pax) {
  const uint8_t *at = reader->pax, *end = at + reader->pax_length;
  shale_bytes key, value;
  for (;;) {
    switch (shale_next_pax(&at, end, &key, &value)) {
      case SHALE_PAX_END: return true;
      case SHALE_PAX_MALFORMED: return tar_corrupt(reader, "a pax record is malformed");
      case SHALE_PAX_RECORD: break;
    }
    if (!take_record(reader, pax, key, value)) return false;
  }
}

bool tar_check_global(shale_reader *reader) {
  const uint8_t *at = reader->pax, *end = at + reader->pax_length;
  shale_bytes key, value;
  for (;;) {
    switch (shale_next_pax(&at, end, &key, &value)) {
      case SHALE_PAX_END: return true;
      case SHALE_PAX_MALFORMED: return tar_corrupt(reader, "a global pax record is malformed");
      case SHALE_PAX_RECORD: break;
    }
    if (shale_equals(key, "path") || shale_equals(key, "linkpath") || shale_equals(key, "size") || is_sparse_key(key)) {
      return tar_corrupt(reader, "a global pax header sets path, linkpath or size");
    }
  }
}

bool tar_take_pax_numbers(shale_reader *reader, const pax_fields *pax) {
  shale_entry *entry = &reader->entry;
  if (pax->size.data && !shale_parse_decimal(pax->size, &entry->size)) return tar_corrupt(reader, "the pax size is no number");
  if (pax->uid.data && !shale_parse_decimal(pax->uid, &entry->uid)) return tar_corrupt(reader, "the pax uid is no number");
  if (pax->gid.data && !shale_parse_decimal(pax->gid, &entry->gid)) return tar_corrupt(reader, "the pax gid is no number");
  if (pax->mtime.data && !shale_parse_time(pax->mtime, &entry->mtime, &entry->mtime_ns)) {
    return tar_corrupt(reader, "the pax mtime is no time");
  }
  return true;
}
