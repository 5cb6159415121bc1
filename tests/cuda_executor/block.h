// The block that now runs on this thread of the operating system: its CUDA threads as fibers, who may run,
// the barrier, the warps, shared memory. A thread runs until it must wait for others, so two threads that
// touch the same word between two barriers do it in opposite orders when blocks run forward and in reverse.
// Threads that never wait share one fiber, one after the other.
#pragma once

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "async_copy.h"
#include "fiber.h"
#include "launch.h"
#include "sanitizers.h"
#include "settings.h"
#include "shared_memory.h"
#include "sync_objects.h"

namespace executor {

constexpr unsigned max_threads = 1024, warp_lanes = 32;

enum class State : uint8_t { fresh, runs, at_barrier, in_warp, done };

inline bool same_site(const Site& a, const Site& b) {
  return a.line() == b.line() && (a.file_name() == b.file_name() || !strcmp(a.file_name(), b.file_name()));
}

struct Thread {
  uint3 index;
  unsigned number;
  State state;
  bool fenced;
  Fiber* fiber;
  const char* operation;  // what it last waited for, and where
  Site site;
  void* argument;
  AsyncCopies copies;

  unsigned warp() const { return number / warp_lanes; }
  unsigned lane() const { return number % warp_lanes; }
};

// Lanes that have arrived at a warp-wide operation and wait for the rest of its mask.
struct Gathering {
  unsigned mask, arrived;
  unsigned first;  // the thread that came first
};

struct Warp {
  unsigned existing, exited, phase, count;
  Gathering gatherings[warp_lanes];
};

class Block {
 public:
  Block();
  ~Block();

  // Once for each launch, before its blocks; `number` tells workers apart.
  void begin(const Launch&, const Settings&, unsigned number);
  // Returns what went wrong, or nothing.
  std::string run(uint3 index);
  void end();

  int sync(bool predicate, const char* operation, Site);

  // Waits until every lane of the mask has come; the last to come runs complete(threads of the warp, mask).
  // `argument` is what the others may read and write of this lane meanwhile.
  template <class Complete>
  void collective(const char* operation, unsigned mask, void* argument, Site site, Complete complete) {
    Thread& thread = *current_;
    Gathering& gathering = arrive(operation, mask, argument, site);
    if (gathering.arrived == gathering.mask) {
      complete(&threads_[thread.warp() * warp_lanes], gathering.mask);
      leave(gathering);
    }
    run_next();
  }

  // Ends the kernel with a message that tells where these threads are.
  [[noreturn]] void fail(const char* rule, const Thread* first = nullptr, const Thread* second = nullptr);
  [[noreturn]] void fail_here(const char* operation, Site, const char* rule);

  Thread& current() { return *current_; }
  Thread& thread(unsigned number) { return threads_[number]; }
  Warp& warp_of(const Thread& thread) { return warps_[thread.warp()]; }
  SharedMemory& shared() { return shared_; }
  SyncObjects& sync_objects() { return sync_; }

 private:
  static void enter();
  void fiber_main();
  void run_thread(Thread&, Fiber*);
  void run_next();
  void exit_warp(const Thread&);
  void prepare_threads();
  void release_barrier();
  Gathering& arrive(const char* operation, unsigned mask, void* argument, Site);
  void leave(Gathering&);
  void make_ready(unsigned number) { ready_[(ready_head_ + ready_count_++) % max_threads] = number; }
  unsigned take_ready();
  void go(Fiber&);
  Fiber& idle_fiber();
  std::string describe(const Thread&) const;
  const Thread* exited() const;
  [[noreturn]] void fail_stuck();

  const Launch* launch_ = nullptr;
  const std::function<void()>* body_ = nullptr;
  Settings settings_;
  std::minstd_rand random_;
  std::string error_;

  unsigned threads_used_ = 0, started_ = 0, done_ = 0;
  std::unique_ptr<Thread[]> threads_;
  unsigned order_[max_threads], ready_[max_threads], ready_head_ = 0, ready_count_ = 0;
  Warp warps_[max_threads / warp_lanes];

  unsigned waiting_ = 0, first_waiting_ = 0, phase_ = 0;
  int votes_[2] = {0, 0};  // of this barrier and of the one before, which may still be read

  Thread* current_ = nullptr;
  Fiber own_;
  Fiber* now_ = &own_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_;

  SharedMemory shared_;
  SyncObjects sync_;
};

// Of this thread of the operating system; made at the first launch.
Block& this_block();

}  // namespace executor
