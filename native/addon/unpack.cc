#include "unpack.h"

#include <dirent.h>
#include <sys/random.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <cstring>

#include "file_batch.h"
#include "xattr.h"

namespace shale {

namespace {

// Files up to this size are collected; larger ones are written in parts.
constexpr uint64_t SMALL_FILE = 128 * 1024;
// As many as Linux follows (path_resolution(7)).
constexpr int MAX_LINKS = 40;
// Cached or held by files that wait to be written; the limit of open files is often 1024.
constexpr size_t MAX_OPEN_DIRS = 384;

std::string text_of(shale_bytes bytes) { return std::string(reinterpret_cast<const char*>(bytes.data), bytes.length); }

std::vector<std::string> split_reversed(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t end = path.size();;) {
    size_t slash = end == 0 ? std::string::npos : path.rfind('/', end - 1);
    parts.push_back(path.substr(slash == std::string::npos ? 0 : slash + 1, end - (slash == std::string::npos ? 0 : slash + 1)));
    if (slash == std::string::npos) return parts;
    end = slash;
  }
}

bool is_directory_at(int dir, const char* name) {
  struct stat st;
  return ::fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

bool is_overlay_whiteout(int dir, const char* name) {
  struct stat st;
  return ::fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == 0;
}

Metadata metadata_of_file(int fd, const std::string& path) {
  struct stat st;
  if (::fstat(fd, &st) != 0) fail_errno("cannot read a file's attributes", path);
  Metadata metadata;
  metadata.mode = st.st_mode & 07777;
  metadata.uid = st.st_uid;
  metadata.gid = st.st_gid;
  metadata.mtime = st.st_mtim.tv_sec;
  metadata.mtime_ns = static_cast<uint32_t>(st.st_mtim.tv_nsec);
  Xattrs xattrs = read_xattrs(fd, path);
  make_portable(xattrs);
  metadata.xattr_count = static_cast<uint32_t>(xattrs.size());
  metadata.xattrs = pack_xattrs(xattrs);
  return metadata;
}

}  // namespace

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

// ---- the order of work ----

void Unpacker::enqueue(std::shared_ptr<Job> job) {
  pool_.submit(job);
  running_.push_back(std::move(job));
  drain(2 * pool_.threads() + 2);
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

// Runs `make` in the parent of `path`, once more after removing what stands in its way.
template <typename Make>
void Unpacker::create(const std::string& path, Make make) {
  Dir parent = parent_dir(path);
  if (make(parent->get()) == 0) return;
  if (errno != EEXIST) fail_errno("cannot create a file", path);
  if (is_directory_at(parent->get(), name_of(path))) forget_dirs();
  remove_tree(parent->get(), name_of(path), path);
  if (make(parent->get()) != 0) fail_errno("cannot create a file", path);
}

// ---- directories ----

Unpacker::Dir Unpacker::keep_dir(const std::string& path, int fd) {
  auto dir = std::make_shared<Fd>(fd);
  if (++opened_ >= MAX_OPEN_DIRS) close_dirs();
  for (std::string at = path; !at.empty() && entered_.insert(key(at)).second;) at = parent_of(at);
  dirs_.emplace(path, dir);
  return dir;
}

// The parent of a real path: made, where the tar left it out.
Unpacker::Dir Unpacker::parent_dir(const std::string& path) {
  std::string parent = parent_of(path);
  auto found = dirs_.find(parent);
  if (found != dirs_.end()) return found->second;
  int fd = open_dir(parent);
  if (fd >= 0) return keep_dir(parent, fd);
  if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) fail_errno("cannot open the directory of an entry", path);
  return keep_dir(parent, make_parent(parent));
}

// O_PATH: enough for the *at calls, and it opens directories that we may not read.
int Unpacker::open_dir(const std::string& path) {
  int fd = open_beneath(root_.get(), path, O_PATH | O_DIRECTORY);
  if (fd >= 0 || !is_written(path)) return fd;
  // It may be a file that is still under way.
  barrier();
  return open_beneath(root_.get(), path, O_PATH | O_DIRECTORY);
}

// The path with the links among its parents resolved as in a chroot to the root. Nearly always there are none, which
// one openat2 tells; the directory that it opened is needed next anyway.
std::string Unpacker::real_path(const std::string& path) {
  std::string parent = parent_of(path);
  if (parent.empty() || dirs_.count(parent) > 0) return path;
  int fd = open_dir(parent);
  if (fd >= 0) {
    keep_dir(parent, fd);
    return path;
  }
  std::string real = resolve_links(parent);
  return real.empty() ? name_of(path) : real + "/" + name_of(path);
}

std::string Unpacker::resolve_links(const std::string& path) {
  std::vector<std::string> pending = split_reversed(path);
  std::string real;
  for (int links = 0; !pending.empty();) {
    std::string name = std::move(pending.back());
    pending.pop_back();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      real = parent_of(real);
      continue;
    }
    Fd dir(open_beneath(root_.get(), real, O_PATH | O_DIRECTORY));
    char target[4096];
    ssize_t length = dir ? ::readlinkat(dir.get(), name.c_str(), target, sizeof target) : -1;
    if (length < 0) {
      real = real.empty() ? name : real + "/" + name;
      continue;
    }
    if (++links > MAX_LINKS) fail_errno("cannot open the directory of an entry", path, ELOOP);
    if (target[0] == '/') real.clear();
    for (std::string& part : split_reversed(std::string(target, static_cast<size_t>(length)))) pending.push_back(std::move(part));
  }
  return real;
}

void Unpacker::close_dirs() {
  barrier();
  forget_dirs();
  opened_ = 0;
}

// A directory that the tar leaves out: with the metadata that it has below, where it is there.
int Unpacker::make_parent(const std::string& path) {
  Dir parent = parent_dir(path);
  make_dir(parent->get(), path);
  mark_written(path);
  PendingDir pending{path, {}};
  if (!lower_metadata(path, pending.metadata)) {
    pending.metadata = {};
    pending.metadata.mode = 0755;
    if (!options_.keep_owners) pending.metadata.uid = ::geteuid();
  }
  directories_.push_back(std::move(pending));
  int fd = ::openat(parent->get(), name_of(path), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) fail_errno("cannot open a new directory", path);
  return fd;
}

void Unpacker::make_dir(int parent, const std::string& path) {
  const char* name = name_of(path);
  bool replaces = whiteouts_.count(key(path)) > 0;
  if (::mkdirat(parent, name, 0700) != 0) {
    if (errno != EEXIST) fail_errno("cannot create a directory", path);
    if (is_directory_at(parent, name)) return;
    bool is_mark = replaces && is_overlay_whiteout(parent, name);
    if (!is_mark && is_written(path)) fail("LAYER_PARENT_NOT_DIRECTORY", "an entry lies below something that is no directory", path);
    remove_tree(parent, name, path);
    if (::mkdirat(parent, name, 0700) != 0) fail_errno("cannot create a directory", path);
  }
  // A directory in place of a deleted one must not show what the deleted one held.
  if (!replaces || !options_.overlay) return;
  Fd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) fail_errno("cannot open a new directory", path);
  set_opaque(fd.get(), path);
}

void Unpacker::add_dir(const shale_entry& entry, const std::string& path) {
  if (!path.empty()) {
    Dir parent = parent_dir(path);
    if (is_written(path) && !is_directory_at(parent->get(), name_of(path))) {
      // A file of the same batch may not be there yet.
      make_way(path);
    }
    make_dir(parent->get(), path);
    mark_written(path);
  }
  directories_.push_back({path, metadata_of(entry)});
}

bool Unpacker::lower_metadata(const std::string& path, Metadata& metadata) {
  for (const Fd& lower : lowers_) {
    Fd fd(open_beneath(lower.get(), path, O_RDONLY | O_DIRECTORY));
    if (fd) {
      metadata = metadata_of_file(fd.get(), path);
      return true;
    }
    // Something else hides what lies further below.
    if (errno != ENOENT) return false;
  }
  return false;
}

void Unpacker::apply_directories() {
  for (const PendingDir& pending : directories_) {
    cancel_.check();
    Fd fd(open_beneath(root_.get(), pending.path, O_RDONLY | O_DIRECTORY));
    // A later entry may have replaced it.
    if (!fd && (errno == ENOTDIR || errno == ENOENT || errno == ELOOP)) continue;
    if (!fd) fail_errno("cannot open a directory", pending.path);
    metadata_.apply(fd.get(), pending.metadata, pending.path, false);
  }
}

void Unpacker::finish() {
  barrier();
  apply_directories();
}

// ---- files ----

void Unpacker::add_file(const shale_entry& entry, const std::string& path) {
  Dir parent = parent_dir(path);
  if (entry.size > SMALL_FILE) {
    Metadata metadata = metadata_of(entry);
    Fd fd = create_file(parent->get(), name_of(path), metadata_.creation_mode(metadata), path);
    large_ = std::make_shared<LargeOutput>(std::move(fd), path, std::move(metadata), metadata_, entry.size);
    large_left_ = entry.size;
    large_offset_ = 0;
    return;
  }
  if (!batch_) batch_ = std::make_shared<FileBatch>(metadata_);
  batch_->add(std::move(parent), path, metadata_of(entry), entry.size);
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

void Unpacker::add_symlink(const shale_entry& entry, const std::string& path) {
  std::string target = text_of(entry.link);
  create(path, [&](int dir) { return ::symlinkat(target.c_str(), dir, name_of(path)); });
  metadata_.apply_at(parent_dir(path)->get(), name_of(path), true, metadata_of(entry), path);
}

void Unpacker::add_hardlink(const shale_entry& entry, const std::string& path) {
  barrier();
  std::string target = real_path(text_of(entry.link));
  if (skipped_.count(key(target)) > 0) {
    skipped_.insert(key(path));
    return;
  }
  // A link to the device that stands for a whiteout would delete one name more.
  bool deleted = whiteouts_.count(key(target)) > 0 && !is_written(target);
  bool present = false;
  if (!deleted) {
    Fd dir(open_beneath(root_.get(), parent_of(target), O_PATH | O_DIRECTORY));
    struct stat st;
    present = dir && ::fstatat(dir.get(), name_of(target), &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (present && S_ISDIR(st.st_mode)) fail("LAYER_LINK_INVALID", "a hard link names a directory", path);
    if (!present) present = copy_up(target);
  }
  if (!present) fail("LAYER_LINK_INVALID", "a hard link names a file that is not there", path);
  Dir from = parent_dir(target);
  create(path, [&](int dir) { return ::linkat(from->get(), name_of(target), dir, name_of(path), 0); });
}

// A hard link into a lower layer: the file must be in this one too, as overlayfs copies it up.
bool Unpacker::copy_up(const std::string& path) {
  for (const Fd& lower : lowers_) {
    Fd dir(open_beneath(lower.get(), parent_of(path), O_PATH | O_DIRECTORY));
    struct stat st;
    if (!dir || ::fstatat(dir.get(), name_of(path), &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISREG(st.st_mode)) return false;
    Fd from(::openat(dir.get(), name_of(path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!from) fail_errno("cannot open a file of a lower layer", path);
    Metadata metadata = metadata_of_file(from.get(), path);
    Fd to = create_file(parent_dir(path)->get(), name_of(path), metadata_.creation_mode(metadata), path);
    Buffer room;
    room.extend(256 * 1024);
    for (ssize_t got; (got = read_full(from.get(), room.data(), room.size())) != 0;) {
      if (got < 0) fail_errno("cannot read a file of a lower layer", path);
      write_all(to.get(), room.data(), static_cast<size_t>(got), path);
    }
    metadata_.apply(to.get(), metadata, path, true);
    mark_written(path);
    return true;
  }
  return false;
}

void Unpacker::add_node(const shale_entry& entry, const std::string& path) {
  bool is_device = entry.type != SHALE_FIFO;
  dev_t device = is_device ? makedev(entry.major, entry.minor) : 0;
  mode_t type = entry.type == SHALE_CHAR ? S_IFCHR : entry.type == SHALE_BLOCK ? S_IFBLK : S_IFIFO;
  bool refused = entry.type == SHALE_CHAR && device == 0;
  // 0:0 is how overlayfs marks deletions: what the image calls a device must not become one.
  if (refused) warnings_.add("devices 0:0 were left out: they would delete files");
  if (!refused) {
    create(path, [&](int dir) {
      int result = ::mknodat(dir, name_of(path), type | 0600, device);
      refused = result != 0 && errno == EPERM && is_device;
      return refused ? 0 : result;
    });
    if (refused) warnings_.add("device files were left out: not permitted in a user namespace");
  }
  if (refused) {
    skipped_.insert(key(path));
    return;
  }
  metadata_.apply_at(parent_dir(path)->get(), name_of(path), false, metadata_of(entry), path);
}

// ---- deletions: they concern what lies below this layer, wherever they stand in it ----

void Unpacker::add_whiteout(const std::string& path) {
  whiteouts_.insert(key(path));
  bool written = is_written(path);
  if (written) {
    barrier();
    // Written, and gone again with its directory.
    if (Fd(open_beneath(root_.get(), parent_of(path), O_PATH | O_DIRECTORY)).get() < 0) return;
  }
  Dir parent = parent_dir(path);
  const char* name = name_of(path);
  if (!options_.overlay) return remove_unwritten(parent->get(), name, path);
  if (!written) {
    create(path, [&](int dir) { return ::mknodat(dir, name, S_IFCHR, 0); });
    return;
  }
  Fd fd(::openat(parent->get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd) set_opaque(fd.get(), path);
}

void Unpacker::add_opaque(const std::string& path) {
  barrier();
  Dir dir = parent_dir(path.empty() ? "x" : path + "/x");
  Fd fd(::openat(dir->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) fail_errno("cannot open a directory", path);
  if (options_.overlay) set_opaque(fd.get(), path);
  else remove_children(fd.get(), path);
}

// For the kernel's overlayfs mounted with userxattr and for fuse-overlayfs, which reads the same name.
void Unpacker::set_opaque(int dir, const std::string& path) {
  if (::fsetxattr(dir, "user.overlay.opaque", "y", 1, 0) != 0) fail_errno("cannot mark a directory as opaque", path);
}

void Unpacker::remove_unwritten(int dir, const char* name, const std::string& path) {
  if (!is_written(path)) {
    if (is_directory_at(dir, name)) forget_dirs();
    return remove_tree(dir, name, path);
  }
  Fd fd(::openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd) remove_children(fd.get(), path);
}

void Unpacker::remove_children(int fd, const std::string& path) {
  int copy = ::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  std::unique_ptr<DIR, int (*)(DIR*)> dir(copy < 0 ? nullptr : ::fdopendir(copy), ::closedir);
  if (!dir) fail_errno("cannot read a directory", path);
  while (const struct dirent* entry = ::readdir(dir.get())) {
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    remove_unwritten(fd, entry->d_name, path.empty() ? entry->d_name : path + "/" + entry->d_name);
  }
}

}  // namespace shale
