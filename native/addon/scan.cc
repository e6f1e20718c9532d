#include "scan.h"

#include <dirent.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <memory>

#include "buffer.h"
#include "file.h"
#include "pool.h"
#include "record.h"
#include "sha256_many.h"
#include "xattr.h"

namespace shale {

namespace {

constexpr uint8_t SOCKET = SHALE_TYPES;
constexpr size_t DIGEST_BATCH = 64;

uint8_t type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR: return SHALE_DIR;
    case S_IFLNK: return SHALE_SYMLINK;
    case S_IFCHR: return SHALE_CHAR;
    case S_IFBLK: return SHALE_BLOCK;
    case S_IFIFO: return SHALE_FIFO;
    case S_IFSOCK: return SOCKET;
    default: return SHALE_FILE;
  }
}

shale_bytes bytes_of(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

struct Scanned {
  std::string path, record;
};

class Scanner {
 public:
  Scanner(int root, bool xattrs, const Cancel& cancel) : root_(root), with_xattrs_(xattrs), cancel_(cancel) {}

  void read(const std::string& path) {
    cancel_.check();
    Fd fd(open_beneath(root_, path, O_RDONLY | O_DIRECTORY));
    if (!fd) fail_errno("cannot open a directory", path);
    std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(::dup(fd.get())), ::closedir);
    if (!dir) fail_errno("cannot read a directory", path);
    for (;;) {
      errno = 0;
      const struct dirent* entry = ::readdir(dir.get());
      if (entry == nullptr) break;
      if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
      add(fd.get(), path, entry->d_name);
    }
    if (errno != 0) fail_errno("cannot read a directory", path);
  }

  std::string finish() {
    std::sort(found_.begin(), found_.end(), [](const Scanned& a, const Scanned& b) { return a.path < b.path; });
    std::string out;
    for (const Scanned& one : found_) out += one.record;
    return out;
  }

 private:
  void add(int dir, const std::string& parent, const char* name) {
    struct stat st;
    // What vanishes meanwhile was never there.
    if (::fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return;
    std::string path = parent.empty() ? name : parent + "/" + name;
    std::string link, packed;
    shale_entry entry = {};
    entry.type = type_of(st.st_mode);
    entry.mode = st.st_mode & 07777;
    entry.uid = st.st_uid;
    entry.gid = st.st_gid;
    entry.size = static_cast<uint64_t>(st.st_size);
    entry.mtime = st.st_mtim.tv_sec;
    entry.path = bytes_of(path);
    entry.has_device = entry.type == SHALE_CHAR || entry.type == SHALE_BLOCK;
    entry.major = major(st.st_rdev);
    entry.minor = minor(st.st_rdev);
    if (entry.type == SHALE_SYMLINK) link = read_link(dir, name);
    entry.link = bytes_of(link);
    if (with_xattrs_ && entry.type != SOCKET) {
      Xattrs xattrs = read_xattrs_at(dir, name, path);
      make_portable(xattrs);
      entry.xattr_count = static_cast<uint32_t>(xattrs.size());
      packed = pack_xattrs(xattrs);
    }
    entry.xattrs = bytes_of(packed);
    put(entry, path, st);
  }

  static std::string read_link(int dir, const char* name) {
    char target[4096];
    ssize_t length = ::readlinkat(dir, name, target, sizeof target);
    return length < 0 ? std::string() : std::string(target, static_cast<size_t>(length));
  }

  void put(const shale_entry& entry, const std::string& path, const struct stat& st) {
    std::string record(shale_record_bound(&entry) + 60, 0);
    auto* at = reinterpret_cast<uint8_t*>(record.data());
    size_t length = shale_put_record(&entry, at);
    for (uint64_t value : {static_cast<uint64_t>(st.st_mtim.tv_nsec), static_cast<uint64_t>(std::max<time_t>(st.st_ctim.tv_sec, 0)),
                           static_cast<uint64_t>(st.st_ctim.tv_nsec), static_cast<uint64_t>(st.st_ino),
                           static_cast<uint64_t>(st.st_dev), static_cast<uint64_t>(st.st_nlink)}) {
      length += shale_put_varint(at + length, value);
    }
    record.resize(length);
    found_.push_back({path, std::move(record)});
  }

  int root_;
  bool with_xattrs_;
  const Cancel& cancel_;
  std::vector<Scanned> found_;
};

// Some files; the next batch is another thread's. Small ones are gathered and hashed side by side.
class DigestBatch : public Job {
 public:
  DigestBatch(int root, const std::string* paths, size_t count, char* out, const Cancel& cancel)
      : root_(root), paths_(paths), count_(count), out_(reinterpret_cast<uint8_t(*)[32]>(out)), cancel_(cancel) {}

  void run() override {
    thread_local Buffer room;
    room.reserve(ROOM);
    room_ = room.data();
    for (size_t i = 0; i < count_; i++) {
      cancel_.check();
      digest(paths_[i], out_[i]);
    }
    hash_gathered();
  }

 private:
  static constexpr size_t ROOM = 256 * 1024, SMALL = 32 * 1024;

  void digest(const std::string& path, uint8_t* out) {
    int dir = open_parent(path);
    Fd fd(::openat(dir, name_of(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat before, after;
    if (!fd && (errno == ENOENT || errno == ELOOP || errno == ENXIO)) fail("LAYER_FILE_CHANGED", "a file vanished or was replaced while it was read", path);
    if (!fd || ::fstat(fd.get(), &before) != 0) fail_errno("cannot open a file", path);
    if (!S_ISREG(before.st_mode)) fail("LAYER_FILE_CHANGED", "a file was replaced while it was read", path);
    auto size = static_cast<uint64_t>(before.st_size);
    uint64_t total = size < SMALL ? gather(fd.get(), path, out, static_cast<size_t>(size)) : stream(fd.get(), path, out);
    bool same = ::fstat(fd.get(), &after) == 0 && total == static_cast<uint64_t>(after.st_size) &&
                before.st_mtim.tv_sec == after.st_mtim.tv_sec && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec;
    if (!same) fail("LAYER_FILE_CHANGED", "a file changed while it was read", path);
  }

  uint64_t stream(int fd, const std::string& path, uint8_t* out) {
    hash_gathered();
    shale_sha256 state;
    shale_sha256_init(&state);
    uint64_t total = 0;
    for (size_t got = ROOM; got == ROOM; total += got) {
      got = read_some(fd, path, room_, ROOM);
      shale_sha256_update(&state, room_, got);
    }
    shale_sha256_final(&state, out);
    return total;
  }

  // One byte more than the file should have: a file that grew is found out.
  uint64_t gather(int fd, const std::string& path, uint8_t* out, size_t size) {
    if (used_ + size + 1 > ROOM) hash_gathered();
    size_t got = read_some(fd, path, room_ + used_, size + 1);
    gathered_.push_back({room_ + used_, got});
    digests_.push_back(out);
    used_ += got;
    return got;
  }

  static size_t read_some(int fd, const std::string& path, uint8_t* to, size_t length) {
    ssize_t got = read_full(fd, to, length);
    if (got < 0) fail_errno("cannot read a file", path);
    return static_cast<size_t>(got);
  }

  void hash_gathered() {
    std::vector<std::array<uint8_t, 32>> digests(gathered_.size());
    shale_sha256_many(gathered_.data(), gathered_.size(), reinterpret_cast<uint8_t(*)[32]>(digests.data()));
    for (size_t i = 0; i < digests.size(); i++) std::memcpy(digests_[i], digests[i].data(), 32);
    gathered_.clear();
    digests_.clear();
    used_ = 0;
  }

  int open_parent(const std::string& path) {
    std::string parent = parent_of(path);
    if (parent_ && parent == parent_path_) return parent_.get();
    parent_.reset(open_beneath(root_, parent, O_PATH | O_DIRECTORY));
    if (!parent_) fail_errno("cannot open a directory", parent);
    parent_path_ = std::move(parent);
    return parent_.get();
  }

  int root_;
  const std::string* paths_;
  size_t count_;
  uint8_t (*out_)[32];
  const Cancel& cancel_;
  uint8_t* room_ = nullptr;
  size_t used_ = 0;
  std::vector<shale_bytes> gathered_;
  std::vector<uint8_t*> digests_;
  Fd parent_;
  std::string parent_path_;
};

}  // namespace

std::string scan(const std::string& root, const std::vector<std::string>& dirs, bool xattrs, const Cancel& cancel) {
  Fd fd = open_directory(root);
  Scanner scanner(fd.get(), xattrs, cancel);
  for (const std::string& dir : dirs) scanner.read(dir);
  return scanner.finish();
}

std::string digest_files(const std::string& root, const std::vector<std::string>& paths, const Cancel& cancel) {
  Fd fd = open_directory(root);
  std::string digests(32 * paths.size(), 0);
  Pool pool;
  std::deque<std::shared_ptr<Job>> running;
  for (size_t i = 0; i < paths.size(); i += DIGEST_BATCH) {
    size_t count = std::min(DIGEST_BATCH, paths.size() - i);
    running.push_back(std::make_shared<DigestBatch>(fd.get(), &paths[i], count, &digests[32 * i], cancel));
    pool.submit(running.back());
  }
  for (auto& job : running) pool.wait(job);
  return digests;
}

}  // namespace shale
