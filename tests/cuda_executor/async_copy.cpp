#include "async_copy.h"

#include <cstdint>
#include <cstring>

#include "block.h"

namespace executor {

void AsyncCopies::add(char* to, const char* from, int bytes, int present) {
  Unseen unseen;
  if (!group_) group_ = 1;
  copies_.push_back({to, from, bytes, present, group_});
}

void AsyncCopies::wait(unsigned groups_in_flight) {
  for (; first_ < copies_.size(); first_++) {
    const AsyncCopy& copy = copies_[first_];
    // Copies of the group that is still open wait for their commit.
    if (copy.group + groups_in_flight >= group_) break;
    writes(copy.to, size_t(copy.bytes));
    if (copy.present) memcpy(copy.to, copy.from, size_t(copy.present));
    memset(copy.to + copy.present, 0, size_t(copy.bytes - copy.present));
  }
  if (!in_flight()) copies_.clear(), first_ = 0;
}

void cp_async(void* shared, const void* global, int bytes, int present, Site site) {
  Block& block = this_block();
  if ((uintptr_t(shared) | uintptr_t(global)) % unsigned(bytes))
    block.fail_here("cp.async", site, "cp.async: both addresses are aligned to the bytes copied");
  if (present < 0 || present > bytes)
    block.fail_here("cp.async", site, "cp.async: present is 0 to the bytes copied");
  if (!block.shared().contains(shared, size_t(bytes)))
    block.fail_here("cp.async", site, "cp.async: the destination is shared memory");
  reads(global, size_t(present));
  writes(shared, size_t(bytes));
  memset(shared, 0xff, size_t(bytes));
  Thread& thread = block.current();
  thread.operation = "cp.async", thread.site = site;
  thread.copies.add(static_cast<char*>(shared), static_cast<const char*>(global), bytes, present);
}

void cp_async_commit() { this_block().current().copies.commit(); }
void cp_async_wait(int groups_in_flight) { this_block().current().copies.wait(unsigned(groups_in_flight)); }

}  // namespace executor
