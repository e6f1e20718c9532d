#include "walk.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <unordered_map>

#include "directory.h"
#include "file.h"
#include "file_type.h"

namespace shale {

namespace {

constexpr const char* OPAQUE_FILE = ".wh..wh..opq";
// fuse-overlayfs' own, where it cannot set the attribute
constexpr const char* FUSE_OPAQUE_FILE = ".wh..opq";

bool is_whiteout_name(const char* name) { return std::strncmp(name, ".wh.", 4) == 0; }

bool is_opaque_name(const char* name) { return std::strcmp(name, OPAQUE_FILE) == 0 || std::strcmp(name, FUSE_OPAQUE_FILE) == 0; }

bool is_whiteout_device(const struct stat& st) { return S_ISCHR(st.st_mode) && st.st_rdev == 0; }

std::string read_target(int dir, const char* name, const std::string& path) {
  char target[4096];
  ssize_t length = ::readlinkat(dir, name, target, sizeof target);
  if (length < 0) fail("LAYER_FILE_CHANGED", "a symbolic link changed while it was read", path);
  return std::string(target, static_cast<size_t>(length));
}

int rank(const Item& item) { return item.type == SHALE_WHITEOUT ? 0 : item.type == SHALE_OPAQUE ? 2 : 1; }

bool comes_before(const Item& a, const Item& b) {
  int order = a.path.compare(b.path);
  return order != 0 ? order < 0 : rank(a) < rank(b);
}

// One directory; the others are other threads'.
class WalkJob : public Job {
 public:
  WalkJob(int root, std::string path, const WalkOptions& options, const Cancel& cancel)
      : root_(root), path_(std::move(path)), options_(options), cancel_(cancel) {}

  void run() override {
    cancel_.check();
    // By its path and not by a descriptor that the parent keeps: no depth exhausts them.
    Fd fd(open_beneath(root_, path_, O_RDONLY | O_DIRECTORY));
    if (!fd) gone(path_);
    if (options_.upper && is_opaque_marker(read_xattrs(fd.get(), path_))) add_mark(path_, SHALE_OPAQUE);
    each_name(fd.get(), path_, [&](const char* name) { visit(fd.get(), name); });
  }

  std::vector<Item> items;
  // paths of the directories in it, and of files with several names
  std::vector<std::string> directories, linked;

 private:
  void visit(int dir, const char* name) {
    std::string path = path_.empty() ? name : path_ + "/" + name;
    if (std::binary_search(options_.exclude.begin(), options_.exclude.end(), path)) return;
    if (path.size() >= SHALE_MAX_PATH) fail("LAYER_PATH_TOO_LONG", "a path is longer than 4095 bytes", path);
    struct stat st;
    if (::fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0) gone(path);
    if (is_whiteout_name(name)) return add_whiteout_file(path, name, st);
    if (options_.upper && is_whiteout_device(st)) return add_mark(path, SHALE_WHITEOUT);
    if (S_ISSOCK(st.st_mode)) return;
    add(dir, std::move(path), name, st);
  }

  // fuse-overlayfs writes whiteouts like AUFS: empty regular files. Anything else with such a name was made by
  // somebody who would have the layer delete files.
  void add_whiteout_file(const std::string& path, const char* name, const struct stat& st) {
    bool plain = options_.upper && ((S_ISREG(st.st_mode) && st.st_size == 0) || is_whiteout_device(st));
    const char* hidden = name + 4;
    if (plain && is_opaque_name(name)) return add_mark(path_, SHALE_OPAQUE);
    bool names_one = *hidden != 0 && !is_whiteout_name(hidden) && std::strcmp(hidden, ".") != 0 && std::strcmp(hidden, "..") != 0;
    if (!plain || !names_one) fail("LAYER_NAME_RESERVED", "a name starts with .wh., which marks deletions in layers", path);
    add_mark(path_.empty() ? hidden : path_ + "/" + hidden, SHALE_WHITEOUT);
  }

  void add_mark(std::string path, uint8_t type) {
    Item item;
    item.path = std::move(path);
    item.type = type;
    items.push_back(std::move(item));
  }

  void add(int dir, std::string path, const char* name, const struct stat& st) {
    Item item;
    item.path = std::move(path);
    item.type = shale_type_of(st.st_mode);
    item.mode = st.st_mode & 07777;
    item.uid = st.st_uid;
    item.gid = st.st_gid;
    item.mtime = item.mtime_s = st.st_mtim.tv_sec;
    item.mtime_ns = static_cast<uint32_t>(st.st_mtim.tv_nsec);
    item.dev = st.st_dev;
    item.ino = st.st_ino;
    if (item.type == SHALE_FILE) item.size = static_cast<uint64_t>(st.st_size);
    if (item.type == SHALE_SYMLINK) item.link = read_target(dir, name, item.path);
    if (item.type == SHALE_CHAR || item.type == SHALE_BLOCK) {
      item.major = major(st.st_rdev);
      item.minor = minor(st.st_rdev);
    }
    if (item.type == SHALE_DIR) directories.push_back(item.path);
    if (item.type != SHALE_FILE) add_xattrs(item, dir, name);
    if (item.type != SHALE_DIR && st.st_nlink > 1) linked.push_back(item.path);
    items.push_back(std::move(item));
  }

  void add_xattrs(Item& item, int dir, const char* name) {
    Xattrs xattrs = read_xattrs_at(dir, name, item.path);
    make_portable(xattrs);
    item.xattr_count = static_cast<uint32_t>(xattrs.size());
    item.xattrs = pack_xattrs(xattrs);
  }

  [[noreturn]] void gone(const std::string& path) {
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) fail("LAYER_FILE_CHANGED", "a file vanished while it was read", path);
    fail_errno("cannot read a file's attributes", path);
  }

  int root_;
  std::string path_;
  const WalkOptions& options_;
  const Cancel& cancel_;
};

class Walker {
 public:
  Walker(Pool& pool, int root, const WalkOptions& options, const Cancel& cancel)
      : pool_(pool), root_(root), options_(options), cancel_(cancel) {}

  std::vector<Item> run() {
    begin("");
    while (!running_.empty()) {
      std::shared_ptr<WalkJob> job = std::move(running_.front());
      running_.pop_front();
      pool_.wait(job);
      for (std::string& path : job->directories) begin(std::move(path));
      for (std::string& path : job->linked) linked_.push_back(std::move(path));
      found_.push_back(std::move(job->items));
    }
    std::vector<Item> items = sorted();
    join_hardlinks(items);
    return items;
  }

 private:
  void begin(std::string path) {
    running_.push_back(std::make_shared<WalkJob>(root_, std::move(path), options_, cancel_));
    pool_.submit(running_.back());
  }

  // Items are large: their addresses are sorted, and each item moves once.
  std::vector<Item> sorted() {
    std::vector<Item*> order;
    for (auto& items : found_)
      for (Item& item : items) order.push_back(&item);
    std::sort(order.begin(), order.end(), [](const Item* a, const Item* b) { return comes_before(*a, *b); });
    std::vector<Item> items;
    items.reserve(order.size());
    for (Item* item : order) items.push_back(std::move(*item));
    return items;
  }

  // Keyed by device and inode: inode numbers repeat where file systems are mounted below the root.
  void join_hardlinks(std::vector<Item>& items) {
    if (linked_.empty()) return;
    std::sort(linked_.begin(), linked_.end());
    std::unordered_map<std::string, const Item*> first;
    for (Item& item : items) {
      if (item.ino == 0 || item.type == SHALE_DIR) continue;
      if (!std::binary_search(linked_.begin(), linked_.end(), item.path)) continue;
      auto [found, is_new] = first.try_emplace(std::to_string(item.dev) + ":" + std::to_string(item.ino), &item);
      if (is_new) continue;
      item.type = SHALE_HARDLINK;
      item.link = found->second->path;
      item.size = item.xattr_count = 0;
      item.xattrs.clear();
    }
  }

  Pool& pool_;
  int root_;
  const WalkOptions& options_;
  const Cancel& cancel_;
  std::deque<std::shared_ptr<WalkJob>> running_;
  std::vector<std::string> linked_;
  std::vector<std::vector<Item>> found_;
};

}  // namespace

void sort_items(std::vector<Item>& items) { std::sort(items.begin(), items.end(), comes_before); }

std::vector<Item> walk_tree(Pool& pool, int root, const WalkOptions& options, const Cancel& cancel) {
  std::vector<Item> items = Walker(pool, root, options, cancel).run();
  // Both marks of one directory (attribute and file) are one.
  auto same = [](const Item& a, const Item& b) { return a.path == b.path && a.type == b.type; };
  items.erase(std::unique(items.begin(), items.end(), same), items.end());
  return items;
}

}  // namespace shale
