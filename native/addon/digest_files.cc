#include "digest_files.h"

#include <array>
#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>

#include "buffer.h"
#include "file.h"
#include "pool.h"
#include "sha256_many.h"

namespace shale {

namespace {

constexpr size_t DIGEST_BATCH = 64;

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
