// What a block says when it cannot go on: the rule, and where its threads are.

#include <string>

#include "block.h"

namespace executor {

namespace {
std::string text(uint3 index) {
  return "(" + std::to_string(index.x) + "," + std::to_string(index.y) + "," + std::to_string(index.z) + ")";
}

std::string text(const Site& site) {
  return std::string(site.file_name()) + ":" + std::to_string(site.line());
}
}  // namespace

std::string Block::describe(const Thread& thread) const {
  const std::string who = "thread " + text(thread.index) + " of block " + text(position.block);
  if (thread.state == State::done) return "exited: " + who;
  if (!thread.operation) return who;
  return std::string(thread.operation) + " at " + text(thread.site) + ", " + who;
}

const Thread* Block::exited() const {
  for (unsigned i = 0; i < threads_used_; i++)
    if (threads_[i].state == State::done) return &threads_[i];
  return nullptr;
}

// No thread can run: tells of two that wait in different places.
void Block::fail_stuck() {
  const Thread *first = nullptr, *second = nullptr;
  for (unsigned i = 0; i < threads_used_; i++) {
    const Thread& thread = threads_[i];
    if (thread.state != State::at_barrier && thread.state != State::in_warp) continue;
    if (!first) first = &thread;
    if (!second && !same_site(first->site, thread.site)) second = &thread;
  }
  fail("deadlock: a barrier or a warp-wide operation that not all its threads reach", first, second);
}

// Nothing may be left on a stack that is never returned to: hence a scope, and no strings in arguments.
void Block::fail(const char* rule, const Thread* first, const Thread* second) {
  {
    Unseen unseen;
    error_ = rule;
    for (const Thread* thread : {first, second})
      if (thread) error_ += "\n  " + describe(*thread);
    error_ += "\n  in the kernel launched at " + text(launch_->site);
    if (settings_.order == Order::random) error_ += ", order random:" + std::to_string(settings_.seed);
  }
  release(sync_.end());
  go(own_);
  __builtin_trap();
}

void Block::fail_here(const char* operation, Site site, const char* rule) {
  current_->operation = operation, current_->site = site;
  fail(rule, current_);
}

}  // namespace executor
