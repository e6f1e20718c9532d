// Files, links and nodes of a layer.
#include <sys/sysmacros.h>

#include "unpack_steps.h"

namespace shale {

namespace {

// Files up to this size are collected; larger ones are written in parts.
constexpr uint64_t SMALL_FILE = 128 * 1024;

}  // namespace

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

}  // namespace shale
