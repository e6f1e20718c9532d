#include "recompress.h"

#include "blob_reader.h"
#include "buffer.h"

namespace shale {

BlobInfo compress_file(const std::string& from, const std::string& to, Compression compression, int level, const Cancel& cancel) {
  constexpr size_t PART = 1024 * 1024;
  Fd fd(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) fail_errno("cannot open a file", from);
  Pool pool;
  BlobWriter writer(pool, to, compression, level, cancel);
  Buffer room;
  room.extend(PART);
  for (ssize_t got; (got = read_full(fd.get(), room.data(), PART)) != 0;) {
    if (got < 0) fail_errno("cannot read a file", from);
    cancel.check();
    writer.write(room.data(), static_cast<size_t>(got));
  }
  return writer.finish();
}

BlobInfo decompress_file(const std::string& from, const std::string& to, const Cancel& cancel) {
  Pool pool;
  BlobReader reader(pool, from, "auto", cancel);
  NewFile file(to);
  Digester digester;
  BlobInfo info;
  const uint8_t* bytes;
  size_t length;
  while (reader.next(&bytes, &length)) {
    cancel.check();
    digester.update(bytes, length);
    file.write(bytes, length);
    info.size += length;
  }
  file.keep();
  info.digest = digester.finish();
  return info;
}

}  // namespace shale
