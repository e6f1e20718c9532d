#include "unpack.h"

#include <sys/random.h>

#include <cstring>

#include "unpack_steps.h"

namespace shale {

Unpacker::Unpacker(Pool& pool, const UnpackOptions& options, Warnings& warnings, const Cancel& cancel)
    : pool_(pool), options_(options), warnings_(warnings), cancel_(cancel), metadata_(options.keep_owners, warnings),
      root_(open_directory(options.target)) {
  for (const auto& lower : options.lowers) lowers_.push_back(open_directory(lower));
  if (options.overlay) metadata_.trust_creation(root_.get());
  if (::getrandom(seed_, sizeof seed_, 0) != sizeof seed_) fail_errno("cannot get random bytes", "");
}

// Jobs hold references to our members.
Unpacker::~Unpacker() {
  for (auto& job : running_) {
    try {
      pool_.wait(job);
    } catch (...) {
      // Another failure is on its way already.
    }
  }
}

// Keyed by a secret: whoever writes tars cannot make two paths collide on purpose.
uint64_t Unpacker::key(const std::string& path) const {
  uint64_t hash = seed_[0] ^ path.size();
  size_t i = 0;
  for (; i + 8 <= path.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, path.data() + i, 8);
    unsigned __int128 product = static_cast<unsigned __int128>(hash ^ word) * (seed_[1] | 1);
    hash = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }
  uint64_t word = 0;
  std::memcpy(&word, path.data() + i, path.size() - i);
  unsigned __int128 product = static_cast<unsigned __int128>(hash ^ word ^ (seed_[0] << 1)) * (seed_[1] | 1);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

void Unpacker::mark_written(const std::string& path) {
  for (std::string at = path; !at.empty(); at = parent_of(at)) {
    if (!written_.insert(key(at)).second) return;
  }
}

void Unpacker::enqueue(std::shared_ptr<Job> job) {
  pool_.submit(job);
  running_.push_back(std::move(job));
  drain(2 * pool_.width() + 2);
}

void Unpacker::drain(size_t leave) {
  while (running_.size() > leave) {
    std::shared_ptr<Job> job = running_.front();
    running_.pop_front();
    pool_.wait(job);
  }
}

void Unpacker::flush() {
  if (batch_) enqueue(std::move(batch_));
  batch_.reset();
}

// Until here everything that was asked for is on disk.
void Unpacker::barrier() {
  flush();
  drain(0);
}

void Unpacker::begin(const shale_entry& entry) {
  cancel_.check();
  if (batch_ && batch_->is_full()) flush();
  std::string path = real_path(text_of(entry.path));
  if (entry.type == SHALE_WHITEOUT) return add_whiteout(path);
  if (entry.type == SHALE_OPAQUE) return add_opaque(path);
  if (entry.type == SHALE_DIR) return add_dir(entry, path);
  if (is_written(path) || entered_.count(key(path)) > 0) make_way(path);
  switch (entry.type) {
    case SHALE_FILE: add_file(entry, path); break;
    case SHALE_SYMLINK: add_symlink(entry, path); break;
    case SHALE_HARDLINK: add_hardlink(entry, path); break;
    default: add_node(entry, path); break;
  }
  mark_written(path);
}

// The layer holds this path twice, or something below it: the later entry replaces what is there.
void Unpacker::make_way(const std::string& path) {
  barrier();
  Dir parent = parent_dir(path);
  if (is_directory_at(parent->get(), name_of(path))) forget_dirs();
  remove_tree(parent->get(), name_of(path), path);
}

void Unpacker::data(shale_bytes bytes) {
  if (!large_) {
    batch_->content.append(bytes.data, bytes.length);
    return;
  }
  enqueue(std::make_shared<LargePart>(large_, large_offset_, bytes));
  large_offset_ += bytes.length;
  large_left_ -= bytes.length;
  if (large_left_ == 0) large_.reset();
}

void Unpacker::finish() {
  barrier();
  apply_directories();
}

}  // namespace shale
