#include "scan.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "directory.h"
#include "file.h"
#include "file_type.h"
#include "pool.h"
#include "record.h"
#include "xattr.h"

namespace shale {

namespace {

constexpr uint32_t HAS_RECORD = 256;

shale_bytes bytes_of(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

struct Numbers {
  uint32_t type, mode, uid, gid, links, path_length;
};
struct Times {
  double size, mtime, mtime_ns, newest_ms;
};
struct Stamp {
  int64_t size, mtime, ctime;
  uint64_t ino, dev;
};
static_assert(sizeof(Numbers) == 24 && sizeof(Times) == 32 && sizeof(Stamp) == 40);

struct Found {
  std::string path, record;
  Numbers numbers;
  Times times;
  Stamp stamp;
};

int64_t nanoseconds(const struct timespec& time) { return time.tv_sec * 1000000000 + time.tv_nsec; }

std::string read_link(int dir, const char* name) {
  char target[4096];
  ssize_t length = ::readlinkat(dir, name, target, sizeof target);
  return length < 0 ? std::string() : std::string(target, static_cast<size_t>(length));
}

// One directory; the others are other threads'.
class Directory : public Job {
 public:
  Directory(int root, const std::string& path, bool xattrs, const Cancel& cancel)
      : root_(root), path_(path), with_xattrs_(xattrs), cancel_(cancel) {}

  void run() override {
    cancel_.check();
    Fd fd(open_beneath(root_, path_, O_RDONLY | O_DIRECTORY));
    if (!fd) fail_errno("cannot open a directory", path_);
    each_name(fd.get(), path_, [&](const char* name) { add(fd.get(), name); });
  }

  std::vector<Found> found;

 private:
  void add(int dir, const char* name) {
    struct stat st;
    // What vanishes meanwhile was never there.
    if (::fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return;
    Found one;
    one.path = path_.empty() ? name : path_ + "/" + name;
    one.numbers = {shale_type_of(st.st_mode), st.st_mode & 07777, st.st_uid, st.st_gid,
                   static_cast<uint32_t>(st.st_nlink), static_cast<uint32_t>(one.path.size())};
    one.times = {static_cast<double>(st.st_size), static_cast<double>(st.st_mtim.tv_sec),
                 static_cast<double>(st.st_mtim.tv_nsec),
                 static_cast<double>(std::max(nanoseconds(st.st_mtim), nanoseconds(st.st_ctim))) / 1e6};
    one.stamp = {st.st_size, nanoseconds(st.st_mtim), nanoseconds(st.st_ctim), st.st_ino, st.st_dev};
    add_record(one, dir, name, st);
    found.push_back(std::move(one));
  }

  void add_record(Found& one, int dir, const char* name, const struct stat& st) {
    shale_entry entry = {};
    std::string link, packed;
    if (one.numbers.type == SHALE_SYMLINK) link = read_link(dir, name);
    entry.link = bytes_of(link);
    entry.has_device = one.numbers.type == SHALE_CHAR || one.numbers.type == SHALE_BLOCK;
    entry.major = major(st.st_rdev);
    entry.minor = minor(st.st_rdev);
    if (with_xattrs_ && one.numbers.type != SHALE_TYPES) {
      Xattrs xattrs = read_xattrs_at(dir, name, one.path);
      make_portable(xattrs);
      entry.xattr_count = static_cast<uint32_t>(xattrs.size());
      packed = pack_xattrs(xattrs);
    }
    entry.xattrs = bytes_of(packed);
    if (link.empty() && !entry.has_device && entry.xattr_count == 0) return;
    one.numbers.type |= HAS_RECORD;
    one.record.resize(shale_record_bound(&entry));
    one.record.resize(shale_put_record(&entry, reinterpret_cast<uint8_t*>(one.record.data())));
  }

  int root_;
  const std::string& path_;
  bool with_xattrs_;
  const Cancel& cancel_;
};

template <typename T>
void append(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string columns(const std::vector<const Found*>& found) {
  std::string numbers, times, stamps, paths, records;
  uint32_t count = 0;
  for (const Found* one : found) {
    append(numbers, one->numbers);
    append(times, one->times);
    append(stamps, one->stamp);
    paths += one->path;
    records += one->record;
    if (!one->record.empty()) count++;
  }
  std::string out;
  out.reserve(16 + numbers.size() + times.size() + stamps.size() + paths.size() + records.size());
  for (uint32_t value : {static_cast<uint32_t>(found.size()), static_cast<uint32_t>(paths.size()), count, 0u})
    append(out, value);
  return out += numbers, out += times, out += stamps, out += paths, out += records;
}

}  // namespace

std::string scan(const std::string& root, const std::vector<std::string>& dirs, bool xattrs, const Cancel& cancel) {
  Fd fd = open_directory(root);
  std::vector<std::shared_ptr<Directory>> jobs;
  for (const std::string& dir : dirs) jobs.push_back(std::make_shared<Directory>(fd.get(), dir, xattrs, cancel));
  if (jobs.size() == 1) {
    jobs[0]->run();
  } else {
    Pool pool;
    for (auto& job : jobs) pool.submit(job);
    for (auto& job : jobs) pool.wait(job);
  }
  std::vector<const Found*> found;
  for (auto& job : jobs)
    for (const Found& one : job->found) found.push_back(&one);
  std::sort(found.begin(), found.end(), [](const Found* a, const Found* b) { return a->path < b->path; });
  return columns(found);
}

}  // namespace shale
