// The copies that one thread has under way. They are carried out when the thread waits for their group, the
// latest moment that the device allows; until then the destination holds NaN.
#pragma once

#include <cstddef>
#include <vector>

namespace executor {

struct AsyncCopy {
  char* to;
  const char* from;
  int bytes, present;
  unsigned group;
};

class AsyncCopies {
 public:
  void begin_thread() {
    if (group_) copies_.clear(), first_ = 0, group_ = 0;
  }
  void add(char* to, const char* from, int bytes, int present);
  void commit() { group_++; }
  void wait(unsigned groups_in_flight);
  bool in_flight() const { return first_ < copies_.size(); }

 private:
  std::vector<AsyncCopy> copies_;
  size_t first_ = 0;
  unsigned group_ = 0;
};

}  // namespace executor
