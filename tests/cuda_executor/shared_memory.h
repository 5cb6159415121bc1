// A block's shared memory: dynamic first, then each static array at its first use, a red zone after each.
// All bits are set at the start of a block: NaN, -1.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace executor {

class SharedMemory {
 public:
  static constexpr size_t static_limit = 48 << 10, dynamic_limit = 227 << 10;

  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  void begin_kernel(size_t dynamic_bytes);
  void begin_block(unsigned slot);

  void* dynamic() { return base_; }
  // Null: the limit of static shared memory is passed.
  void* find(const void* declaration, size_t bytes);
  bool contains(const void* p, size_t bytes) const;

 private:
  struct Array {
    const void* declaration;
    size_t offset, bytes;
    unsigned filled;  // the number of the block for which it was last filled
  };
  void* fill(Array&);

  char *memory_, *base_;
  size_t dynamic_bytes_ = 0, used_ = 0, static_bytes_ = 0;
  unsigned block_ = 0;
  std::vector<Array> arrays_;
};

}  // namespace executor
