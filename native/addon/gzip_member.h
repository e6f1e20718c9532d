// The gzip members that Shale writes: RFC 1952, with an extra field "SH" that holds the length of the whole member,
// so that a reader which knows it can find and inflate members in parallel. Others see ordinary multi-member gzip.
#pragma once

#include <cstddef>
#include <cstdint>

namespace shale {

// ID1 ID2 CM FLG MTIME(4) XFL OS, XLEN(2), "SH", LEN(2) = 4, member length (4, little endian)
constexpr size_t GZIP_HEADER = 20;
constexpr size_t GZIP_TRAILER = 8;
// Uncompressed bytes of each member but the last: large enough to cost no ratio, small enough to keep all cores busy.
constexpr size_t GZIP_BLOCK = 512 * 1024;

inline void put_le32(uint8_t* out, uint32_t value) {
  for (int i = 0; i < 4; i++) out[i] = static_cast<uint8_t>(value >> (8 * i));
}

inline uint32_t get_le32(const uint8_t* in) {
  return static_cast<uint32_t>(in[0]) | static_cast<uint32_t>(in[1]) << 8 | static_cast<uint32_t>(in[2]) << 16 |
         static_cast<uint32_t>(in[3]) << 24;
}

inline void put_gzip_header(uint8_t* out, uint32_t member_length) {
  static const uint8_t fixed[16] = {0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 8, 0, 'S', 'H', 4, 0};
  for (size_t i = 0; i < sizeof fixed; i++) out[i] = fixed[i];
  put_le32(out + 16, member_length);
}

// Length of the member that begins here, or 0 when it is not one of ours.
inline uint32_t gzip_member_length(const uint8_t* in, size_t length) {
  uint8_t expected[GZIP_HEADER];
  put_gzip_header(expected, 0);
  if (length < GZIP_HEADER) return 0;
  for (size_t i = 0; i < 16; i++) {
    if (in[i] != expected[i]) return 0;
  }
  return get_le32(in + 16);
}

}  // namespace shale
