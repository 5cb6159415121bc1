// A stack of its own and the switch to it: a function call on x86-64, ucontext elsewhere.
#pragma once

#include <cstddef>

#if !defined(__x86_64__) || defined(EXECUTOR_UCONTEXT)
#include <ucontext.h>
#endif

namespace executor {

class Fiber {
 public:
  // The stack that the calling thread already has.
  Fiber() = default;
  // A new stack; the first switch to it calls `entry`, which must not return. `number` staggers the places
  // where stacks begin, which otherwise would all share the same few cache lines.
  Fiber(void (*entry)(), unsigned number);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Forgets what the stack was in the middle of: the next switch calls `entry` again.
  void restart();

  // For the stack of the thread itself: it is the one that runs now.
  void adopt_current();

  friend void switch_fiber(Fiber& from, Fiber& to);
  friend void finish_switch();

 private:
  char* base_ = nullptr;
  size_t bytes_ = 0;
  unsigned number_ = 0;
  void (*entry_)() = nullptr;
  void* stack_pointer_ = nullptr;
  void* tsan_ = nullptr;
#if !defined(__x86_64__) || defined(EXECUTOR_UCONTEXT)
  ucontext_t context_{};
#endif
};

// Leaves `from`, which runs now; returns when something switches back to it.
void switch_fiber(Fiber& from, Fiber& to);

// The first thing that an entry function does.
void finish_switch();

}  // namespace executor
