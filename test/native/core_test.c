/* Known answers of the C core, and a deterministic fuzz of its readers. Arguments: none, or the seconds to fuzz. */
#include <stdlib.h>
#include <time.h>

#include "check.h"
#include "crc32.h"
#include "read_all.h"
#include "record.h"
#include "tar_number.h"
#include "tar_read.h"
#include "tar_write.h"
#include "whiteout.h"

static shale_bytes text(const char *t) { return shale_text(t); }

static void test_crc32(void) {
  CHECK(shale_crc32(0, (const uint8_t *)"123456789", 9) == 0xcbf43926u);
  uint32_t split = shale_crc32(0, (const uint8_t *)"1234", 4);
  CHECK(shale_crc32(split, (const uint8_t *)"56789", 5) == 0xcbf43926u);
}

static void test_numbers(void) {
  int64_t value;
  uint64_t plain;
  uint32_t nanoseconds;
  CHECK(shale_parse_field((const uint8_t *)"0000644", 8, &value) && value == 0644);
  CHECK(shale_parse_field((const uint8_t *)"   17 \0", 8, &value) && value == 017);
  CHECK(shale_parse_field((const uint8_t *)"\0\0\0\0\0\0\0", 8, &value) && value == 0);
  CHECK(!shale_parse_field((const uint8_t *)"0000x44", 8, &value));
  CHECK(!shale_parse_field((const uint8_t *)"-000001", 8, &value));
  CHECK(shale_parse_field((const uint8_t *)"\x80\0\0\0\0\0\1\0", 8, &value) && value == 256);
  CHECK(shale_parse_field((const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xfe", 8, &value) && value == -2);
  CHECK(!shale_parse_field((const uint8_t *)"\x80\1\0\0\0\0\0\0\0\0\0\0", 12, &value));
  CHECK(shale_parse_decimal(text("9007199254740991"), &plain) && plain == SHALE_MAX_SAFE);
  CHECK(!shale_parse_decimal(text("9007199254740992"), &plain));
  CHECK(!shale_parse_decimal(text(""), &plain) && !shale_parse_decimal(text("+1"), &plain));
  CHECK(shale_parse_time(text("-1.25"), &value, &nanoseconds) && value == -2 && nanoseconds == 750000000);
  CHECK(shale_parse_time(text("5.123456789999"), &value, &nanoseconds) && nanoseconds == 123456789);
  CHECK(!shale_parse_time(text("1.x"), &value, &nanoseconds) && !shale_parse_time(text("-"), &value, &nanoseconds));
}

static void test_whiteouts(void) {
  uint8_t room[64];
  shale_bytes target;
  CHECK(shale_whiteout_parse(text("a/b"), room, &target) == SHALE_NOT_WHITEOUT);
  CHECK(shale_whiteout_parse(text("a/.wh.b"), room, &target) == SHALE_IS_WHITEOUT && shale_equals(target, "a/b"));
  CHECK(shale_whiteout_parse(text("a/.wh..wh..opq"), room, &target) == SHALE_IS_OPAQUE && shale_equals(target, "a"));
  CHECK(shale_whiteout_parse(text(".wh..wh..opq"), room, &target) == SHALE_IS_OPAQUE && target.length == 0);
  CHECK(shale_whiteout_parse(text(".wh..wh.plnk"), room, &target) == SHALE_IS_AUFS_PRIVATE);
  CHECK(shale_whiteout_parse(text(".wh...b"), room, &target) == SHALE_IS_WHITEOUT && shale_equals(target, "..b"));
  CHECK(shale_whiteout_parse(text("a/.wh..."), room, &target) == SHALE_IS_BAD_WHITEOUT);
  CHECK(shale_whiteout_name(text("a/b"), false, room) == 7 && memcmp(room, "a/.wh.b", 7) == 0);
  CHECK(shale_has_reserved_name(text("a/.wh.x/b")) && !shale_has_reserved_name(text("a/x.wh.b")));
}

static shale_reader reader;

static bool same(shale_bytes a, shale_bytes b) {
  return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* Writes an entry, reads it back and compares what matters. */
static void round_trip(const shale_entry *entry) {
  uint8_t *out = malloc(shale_tar_header_bound(entry));
  size_t length = shale_tar_header(entry, out), at = 0, used;
  CHECK(length > 0 && length % 512 == 0 && length <= shale_tar_header_bound(entry));
  shale_reader_init(&reader);
  shale_read_event event = SHALE_READ_MORE;
  /* Byte by byte: every state is left and entered everywhere. */
  for (; at < length && event == SHALE_READ_MORE; at += used) event = shale_reader_next(&reader, out + at, 1, &used);
  const shale_entry *back = &reader.entry;
  CHECK(event == SHALE_READ_ENTRY);
  CHECK(back->type == entry->type && back->mode == entry->mode && back->uid == entry->uid && back->gid == entry->gid);
  CHECK(back->size == entry->size && back->mtime == entry->mtime && back->major == entry->major && back->minor == entry->minor);
  CHECK(same(back->path, entry->path));
  CHECK(same(back->link, entry->link));
  CHECK(back->xattr_count == entry->xattr_count && back->xattrs.length == entry->xattrs.length);
  free(out);
}

static void test_headers(void) {
  static char path[4096];
  uint8_t none = 0;
  for (size_t length = 1; length < 4095; length += length < 300 ? 1 : 97) {
    for (size_t i = 0; i < length; i++) path[i] = i % 60 == 59 && i + 1 < length ? '/' : 'n';
    path[length] = 0;
    shale_entry entry = {.type = length % 2 ? SHALE_FILE : SHALE_DIR, .mode = 0755, .path = text(path), .link = {&none, 0}, .xattrs = {&none, 0}};
    round_trip(&entry);
    shale_entry link = {.type = SHALE_SYMLINK, .mode = 0777, .path = text("l"), .link = text(path), .xattrs = {&none, 0}};
    round_trip(&link);
  }
  shale_entry entry = {.type = SHALE_FILE, .path = text("f"), .link = {&none, 0}, .xattrs = {&none, 0}};
  for (unsigned bit = 0; bit < 53; bit++) {
    entry.size = 1ull << bit;
    entry.mtime = bit % 2 ? (int64_t)(1ull << (bit % 50)) : -(int64_t)(1ull << (bit % 50));
    entry.uid = bit < 32 ? 1ull << bit : SHALE_MAX_ID;
    entry.gid = entry.uid - 1;
    round_trip(&entry);
  }
  entry.size = 8589934592ull;
  uint8_t out[16384];
  CHECK(shale_tar_header(&entry, out) == 1536 && out[156] == 'x' && strstr((char *)out + 512, "19 size=8589934592\n"));
  shale_entry device = {.type = SHALE_BLOCK, .mode = 0600, .path = text("d"), .link = {&none, 0}, .xattrs = {&none, 0}, .major = 259, .minor = 1048575, .has_device = true};
  round_trip(&device);
  entry.uid = SHALE_MAX_ID + 1;
  CHECK(shale_tar_header(&entry, out) == 0);
}

/* ---- fuzz ---- */

static uint64_t seed = 88172645463325252ull;

static uint32_t next_random(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)(seed >> 16);
}

static size_t make_archive(uint8_t *out) {
  static const char *names[] = {"a", "a/b", ".wh.c", "a/.wh..wh..opq", "../x", "/etc/passwd", "x/./y//z"};
  size_t length = 0;
  uint8_t packed[64];
  size_t packed_length = 0;
  packed_length += shale_put_varint(packed, 6);
  memcpy(packed + packed_length, "user.a", 6);
  packed_length += 6;
  packed_length += shale_put_varint(packed + packed_length, 3);
  memcpy(packed + packed_length, "b\0c", 3);
  packed_length += 3;
  for (int i = 0; i < 6; i++) {
    static char long_name[400];
    memset(long_name, 'n', sizeof long_name - 1);
    shale_entry entry = {.mode = next_random() & 07777, .mtime = next_random(), .uid = next_random()};
    entry.type = (uint8_t)(next_random() % 7);
    entry.path = next_random() % 4 ? text(names[next_random() % 7]) : text(long_name + next_random() % 300);
    entry.link = entry.type == SHALE_SYMLINK || entry.type == SHALE_HARDLINK ? text(long_name + next_random() % 399) : (shale_bytes){packed, 0};
    entry.size = entry.type == SHALE_FILE ? next_random() % 1500 : 0;
    if (next_random() % 3 == 0) entry.xattrs = (shale_bytes){packed, packed_length}, entry.xattr_count = 1;
    length += shale_tar_header(&entry, out + length);
    memset(out + length, 'c', entry.size);
    length += entry.size + shale_tar_padding(entry.size);
  }
  return length;
}

static void fuzz(double seconds, long rounds) {
  static uint8_t bytes[65536], damaged[65536];
  clock_t end = clock() + (clock_t)(seconds * CLOCKS_PER_SEC);
  for (long round = 0; round < rounds || clock() < end; round++) {
    size_t length = make_archive(bytes);
    memcpy(damaged, bytes, length);
    for (unsigned n = next_random() % 8; n > 0; n--) damaged[next_random() % length] = (uint8_t)next_random();
    if (next_random() % 4 == 0) length = next_random() % length;
    /* Half of the damage must get past the checksum. */
    if (next_random() % 2) fix_checksums(damaged, length);
    uint8_t *exact = malloc(length + 1);
    memcpy(exact, damaged, length);
    read_all(&reader, exact, length, next_random());
    shale_entry entry;
    const uint8_t *at = exact;
    while (at < exact + length && shale_get_record(&at, exact + length, &entry)) {
    }
    free(exact);
  }
}

int main(int argc, char **argv) {
  test_crc32();
  test_numbers();
  test_whiteouts();
  test_headers();
  fuzz(argc > 1 ? atof(argv[1]) : 0, 3000);
  printf("%d failures\n", failures);
  return failures > 0;
}
