#include "file_batch.h"

#include "directory.h"

namespace shale {

void remove_tree(int dir, const char* name, const std::string& path) {
  if (::unlinkat(dir, name, 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR && errno != EPERM) fail_errno("cannot remove what an entry replaces", path);
  Fd fd(::openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) fail_errno("cannot remove what an entry replaces", path);
  each_name(fd.get(), path, [&](const char* below) { remove_tree(fd.get(), below, path + "/" + below); });
  fd.reset();
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
