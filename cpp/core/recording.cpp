#include "core/recording.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "core/allocator.h"
#include "core/check.h"

namespace strate {
namespace {

thread_local Recording* under_way = nullptr;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Recording::Recording() {
  check(!under_way, "recording", "one at a time; this thread is recording already");
  arena_ = open_arena();
  under_way = this;
  seconds_ = now();
}

Recording* Recording::current() { return under_way; }

void Recording::notice_host() {
  if (under_way) under_way->whole_ = false;
}

void Recording::end() {
  if (under_way != this) return;
  under_way = nullptr;
  seconds_ = now() - seconds_;
  bytes_ = close_arena(arena_);
}

Recording::~Recording() {
  end();
  for (Storage* storage : kept_) drop_reference(storage);
  release_arena(arena_);
}

void Recording::spoil() const { spoil_free_blocks(arena_); }
bool Recording::whole() const { return whole_; }
int64_t Recording::calls() const { return int64_t(calls_.size()); }
int64_t Recording::bytes() const { return bytes_; }
double Recording::seconds() const { return seconds_; }

void Recording::keep(Storage* storage) {
  if (storage->owner == arena_ || std::find(kept_.begin(), kept_.end(), storage) != kept_.end()) return;
  kept_.push_back(storage);
  storage->references.fetch_add(1, std::memory_order_relaxed);
}

void Recording::add(Call call, const void* arguments, size_t size) {
  call.arguments = arguments_.size();
  arguments_.resize(arguments_.size() + (size + sizeof(Unit) - 1) / sizeof(Unit));
  std::memcpy(arguments_.data() + call.arguments, arguments, size);
  calls_.push_back(call);
}

void Recording::replay() const {
  for (const Call& call : calls_) call.run(call.function, arguments_.data() + call.arguments);
}

}  // namespace strate
