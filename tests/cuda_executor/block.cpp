#include "block.h"

#include <algorithm>
#include <cstring>

namespace executor {

constinit thread_local Position position{};

namespace {
// Under TSan a fiber carries one CUDA thread of a block, and blocks next to each other have no fiber in
// common: what the same fiber does is ordered.
constexpr bool share_fibers = !thread_sanitizer;
}  // namespace

// Not inlined, so that no address of thread-local storage outlives a switch.
__attribute__((noinline)) Block& this_block() {
  static thread_local std::unique_ptr<Block> block;
  if (!block) block = std::make_unique<Block>();
  return *block;
}

Block::Block() : threads_(new Thread[max_threads]{}) {}
Block::~Block() = default;

// ---- the life of a block

void Block::begin(const Launch& launch, const Settings& settings, unsigned number) {
  launch_ = &launch;
  body_ = &launch.thread;
  settings_ = settings;
  static thread_local unsigned launches = 0;
  random_.seed(settings.seed * 7919u + number * 104729u + launches++);
  own_.adopt_current();
  position.block_size = launch.block;
  position.grid_size = launch.grid;
  prepare_threads();
  shared_.begin_kernel(launch.shared);
}

void Block::prepare_threads() {
  const dim3 size = launch_->block;
  threads_used_ = size.x * size.y * size.z;
  unsigned i = 0;
  for (unsigned z = 0; z < size.z; z++)
    for (unsigned y = 0; y < size.y; y++)
      for (unsigned x = 0; x < size.x; x++, i++) threads_[i].index = {x, y, z}, threads_[i].number = i;
  for (unsigned k = 0; k < threads_used_; k++)
    order_[k] = settings_.order == Order::reverse ? threads_used_ - 1 - k : k;
  while (fibers_.size() < (share_fibers ? 1 : 2 * threads_used_)) {
    fibers_.push_back(std::make_unique<Fiber>(&Block::enter, unsigned(fibers_.size())));
    idle_.push_back(fibers_.back().get());
  }
}

std::string Block::run(uint3 index) {
  position.block = index;
  started_ = done_ = waiting_ = phase_ = ready_head_ = ready_count_ = 0;
  votes_[0] = votes_[1] = 0;
  for (unsigned i = 0; i < threads_used_; i++) threads_[i].state = State::fresh;
  for (unsigned first = 0; first < threads_used_; first += warp_lanes) {
    Warp& warp = warps_[first / warp_lanes];
    const unsigned lanes = std::min(warp_lanes, threads_used_ - first);
    warp.existing = lanes == warp_lanes ? ~0u : (1u << lanes) - 1;
    warp.exited = warp.phase = warp.count = 0;
  }
  if (settings_.order == Order::random) std::shuffle(order_, order_ + threads_used_, random_);
  sync_.next_block();
  shared_.begin_block(sync_.slot());
  go(idle_fiber());
  if (error_.empty()) return {};
  // The other threads are left where they were.
  acquire(sync_.end());
  idle_.clear();
  for (auto& fiber : fibers_) fiber->restart(), idle_.push_back(fiber.get());
  return std::move(error_);
}

void Block::end() {
  sync_.end_kernel();
  launch_ = nullptr;
  error_.clear();
}

// ---- fibers

void Block::go(Fiber& to) {
  if (now_ == &to) return;
  Fiber& from = *now_;
  now_ = &to;
  switch_fiber(from, to);
}

Fiber& Block::idle_fiber() {
  Unseen unseen;
  if (idle_.empty()) {
    fibers_.push_back(std::make_unique<Fiber>(&Block::enter, unsigned(fibers_.size())));
    return *fibers_.back();
  }
  const size_t at = share_fibers ? idle_.size() - 1 : 0;
  Fiber* fiber = idle_[at];
  idle_.erase(idle_.begin() + ptrdiff_t(at));
  return *fiber;
}

void Block::enter() {
  finish_switch();
  this_block().fiber_main();
}

void Block::fiber_main() {
  for (;;) {
    Fiber* own = now_;
    do run_thread(threads_[order_[started_++]], own);
    while (share_fibers && started_ < threads_used_ && !ready_count_);
    {
      Unseen unseen;
      idle_.push_back(own);
    }
    run_next();
  }
}

void Block::run_thread(Thread& thread, Fiber* fiber) {
  current_ = &thread;
  position.thread = thread.index;
  thread.state = State::runs;
  thread.fiber = fiber;
  thread.fenced = false;
  thread.operation = nullptr;
  thread.copies.begin_thread();
  acquire(sync_.start());
  (*body_)();
  release(sync_.end());
  if (thread.copies.in_flight()) fail("a thread exits with cp.async in flight", &thread);
  thread.state = State::done;
  done_++;
  exit_warp(thread);
  if (waiting_)
    fail("a barrier that a thread which has exited never reaches", &threads_[first_waiting_], &thread);
}

unsigned Block::take_ready() {
  if (settings_.order == Order::random)
    std::swap(ready_[ready_head_], ready_[(ready_head_ + random_() % ready_count_) % max_threads]);
  const unsigned number = ready_[ready_head_];
  ready_head_ = (ready_head_ + 1) % max_threads;
  ready_count_--;
  return number;
}

// Runs something else; returns when the calling thread has been chosen again.
void Block::run_next() {
  const bool fresh = started_ < threads_used_;
  if (ready_count_ && (settings_.order != Order::random || !fresh || random_() % 2)) {
    Thread& thread = threads_[take_ready()];
    thread.state = State::runs;
    current_ = &thread;
    position.thread = thread.index;
    go(*thread.fiber);
  } else if (fresh) {
    go(idle_fiber());
  } else if (done_ == threads_used_) {
    go(own_);
  } else {
    fail_stuck();
  }
}

// ---- the barrier

int Block::sync(bool predicate, const char* operation, Site site) {
  Thread& thread = *current_;
  thread.operation = operation, thread.site = site, thread.state = State::at_barrier;
  if (done_) fail("a barrier that a thread which has exited never reaches", &thread, exited());
  if (!waiting_) first_waiting_ = thread.number;
  else if (!same_site(threads_[first_waiting_].site, site))
    fail("divergent barriers in one block", &threads_[first_waiting_], &thread);
  const unsigned phase = phase_;
  void* lock = sync_.barrier(phase);
  release(lock);
  release(sync_.end());  // the kernel may fail, and leave this thread where it is
  votes_[phase % 2] += predicate;
  if (++waiting_ == threads_used_) release_barrier();
  run_next();
  acquire(lock);
  return votes_[phase % 2];
}

void Block::release_barrier() {
  waiting_ = 0;
  votes_[++phase_ % 2] = 0;
  ready_head_ = 0;
  ready_count_ = threads_used_;
  Unseen unseen;
  std::copy(order_, order_ + threads_used_, ready_);
}

int sync_block(bool predicate, const char* operation, Site site) {
  return this_block().sync(predicate, operation, site);
}

// ---- lanes that meet

Gathering& Block::arrive(const char* operation, unsigned mask, void* argument, Site site) {
  Thread& thread = *current_;
  Warp& warp = warps_[thread.warp()];
  const unsigned lane = 1u << thread.lane();
  thread.operation = operation, thread.site = site, thread.argument = argument, thread.state = State::in_warp;
  release(sync_.end());
  if (mask == ~0u) mask = warp.existing;
  if (!(mask & lane)) fail("the calling lane is not in its own mask", &thread);
  if (mask & ~warp.existing) fail("the mask names lanes that do not exist", &thread);
  if (mask & warp.exited) fail("a lane named in the mask has exited", &thread);
  for (unsigned i = 0; i < warp.count; i++) {
    Gathering& gathering = warp.gatherings[i];
    if (!(gathering.mask & mask)) continue;
    const Thread& first = threads_[gathering.first];
    if (gathering.mask != mask || strcmp(first.operation, operation) || !same_site(first.site, site))
      fail("divergent warp-wide operations", &first, &thread);
    gathering.arrived |= lane;
    return gathering;
  }
  Gathering& gathering = warp.gatherings[warp.count++];
  gathering = {mask, lane, thread.number};
  return gathering;
}

void Block::leave(Gathering& gathering) {
  Warp& warp = warps_[gathering.first / warp_lanes];
  const unsigned base = gathering.first / warp_lanes * warp_lanes, mask = gathering.mask;
  gathering = warp.gatherings[--warp.count];
  const unsigned flip = settings_.order == Order::reverse ? warp_lanes - 1 : 0;
  for (unsigned i = 0; i < warp_lanes; i++)
    if (mask >> (i ^ flip) & 1) make_ready(base + (i ^ flip));
}

void Block::exit_warp(const Thread& thread) {
  Warp& warp = warps_[thread.warp()];
  warp.exited |= 1u << thread.lane();
  for (unsigned i = 0; i < warp.count; i++)
    if (warp.gatherings[i].mask >> thread.lane() & 1)
      fail("a warp-wide operation that a lane which has exited never reaches",
           &threads_[warp.gatherings[i].first], &thread);
}

}  // namespace executor
