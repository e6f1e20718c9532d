// Memory that grows without being cleared and keeps its pages between uses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace shale {

class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { std::free(data_); }
  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  void clear() { size_ = 0; }
  void reserve(size_t capacity) {
    if (capacity <= capacity_) return;
    auto* grown = static_cast<uint8_t*>(std::realloc(data_, capacity));
    if (grown == nullptr) throw std::bad_alloc();
    data_ = grown;
    capacity_ = capacity;
  }
  // Adds `length` bytes of any content and returns where they are; earlier pointers become invalid.
  uint8_t* extend(size_t length) {
    if (size_ + length > capacity_) reserve(size_ + length > 2 * capacity_ ? size_ + length : 2 * capacity_);
    uint8_t* at = data_ + size_;
    size_ += length;
    return at;
  }
  void append(const void* bytes, size_t length) {
    if (length > 0) std::memcpy(extend(length), bytes, length);
  }
  // Keeps the first `size` bytes.
  void shrink(size_t size) { size_ = size; }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0, capacity_ = 0;
};

}  // namespace shale
