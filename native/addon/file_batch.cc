#include "file_batch.h"

#include <dirent.h>

#include <cstring>

namespace shale {

static void remove_below(int fd, const std::string& path) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(fd), ::closedir);
  if (!dir) fail_errno("cannot read a directory", path);
  for (;;) {
    errno = 0;
    const struct dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) break;
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    remove_tree(::dirfd(dir.get()), entry->d_name, path + "/" + entry->d_name);
  }
  if (errno != 0) fail_errno("cannot read a directory", path);
}

void remove_tree(int dir, const char* name, const std::string& path) {
  if (::unlinkat(dir, name, 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR && errno != EPERM) fail_errno("cannot remove what an entry replaces", path);
  int fd = ::openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) fail_errno("cannot remove what an entry replaces", path);
  remove_below(fd, path);
  if (::unlinkat(dir, name, AT_REMOVEDIR) != 0) fail_errno("cannot remove what an entry replaces", path);
}

Fd create_file(int dir, const char* name, mode_t mode, const std::string& path) {
  for (int attempt = 0;; attempt++) {
    Fd fd(::openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (fd) return fd;
    if (errno != EEXIST || attempt > 0) fail_errno("cannot create a file", path);
    remove_tree(dir, name, path);
  }
}

void FileBatch::add(std::shared_ptr<Fd> dir, std::string path, Metadata metadata, uint64_t size) {
  files_.push_back({std::move(dir), std::move(path), std::move(metadata), content.size(), size});
}

void FileBatch::run() {
  for (const File& file : files_) {
    Fd fd = create_file(file.dir->get(), name_of(file.path), metadata_.creation_mode(file.metadata), file.path);
    if (file.size > 0) write_all(fd.get(), content.data() + file.offset, file.size, file.path);
    metadata_.apply(fd.get(), file.metadata, file.path, true);
  }
}

void LargeOutput::write(const Buffer& bytes, uint64_t offset) {
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t wrote = ::pwrite(fd_.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) fail_errno("cannot write a file", path_);
    done += static_cast<size_t>(wrote);
  }
  if (left_.fetch_sub(bytes.size()) == bytes.size()) writer_.apply(fd_.get(), metadata_, path_, true);
}

}  // namespace shale
