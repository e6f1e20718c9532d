// Directories of a layer: found beneath the root, made where the tar left them out, finished in the end.
#include "unpack_steps.h"

namespace shale {

namespace {

// As many as Linux follows (path_resolution(7)).
constexpr int MAX_LINKS = 40;
// Cached or held by files that wait to be written; the limit of open files is often 1024.
constexpr size_t MAX_OPEN_DIRS = 384;

std::vector<std::string> split_reversed(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t end = path.size();;) {
    size_t slash = end == 0 ? std::string::npos : path.rfind('/', end - 1);
    parts.push_back(path.substr(slash == std::string::npos ? 0 : slash + 1, end - (slash == std::string::npos ? 0 : slash + 1)));
    if (slash == std::string::npos) return parts;
    end = slash;
  }
}

bool is_overlay_whiteout(int dir, const char* name) {
  struct stat st;
  return ::fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == 0;
}

}  // namespace

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

}  // namespace shale
