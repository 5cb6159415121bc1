// Shuffles, votes and __syncwarp: the last lane to arrive computes what every lane gets.

#include "block.h"

namespace executor {

namespace {
struct Exchange {
  uint64_t in, out;
  int argument, width;
};

const char* name_of(Shuffle kind) {
  switch (kind) {
    case Shuffle::index:
      return "__shfl_sync";
    case Shuffle::up:
      return "__shfl_up_sync";
    case Shuffle::down:
      return "__shfl_down_sync";
    default:
      return "__shfl_xor_sync";
  }
}

// The lane that lane reads, itself where that lies outside its segment.
int source_lane(Shuffle kind, int lane, int argument, int width) {
  const int first = lane / width * width;
  int source = lane;
  switch (kind) {
    case Shuffle::index:
      source = first + (argument & (width - 1));
      break;
    case Shuffle::up:
      source = lane - argument;
      break;
    case Shuffle::down:
      source = lane + argument;
      break;
    case Shuffle::exclusive_or:
      source = lane ^ argument;
      break;
  }
  // A butterfly may read an earlier segment; no other reads below its own.
  const bool below = source < (kind == Shuffle::exclusive_or ? 0 : first);
  return below || source >= first + width ? lane : source;
}
}  // namespace

uint64_t shuffle(Shuffle kind, unsigned mask, uint64_t value, int argument, int width, Site site) {
  Block& block = this_block();
  if (width < 1 || width > 32 || (width & (width - 1)))
    block.fail_here(name_of(kind), site, "the width of a shuffle is 1, 2, 4, 8, 16 or 32");
  constexpr uint64_t undefined = ~uint64_t(0);
  Exchange own{value, undefined, argument, width};
  block.collective(name_of(kind), mask, &own, site, [kind](Thread* lanes, unsigned present) {
    for (int lane = 0; lane < 32; lane++) {
      if (!(present >> lane & 1)) continue;
      Exchange& to = *static_cast<Exchange*>(lanes[lane].argument);
      const int source = source_lane(kind, lane, to.argument, to.width);
      if (present >> source & 1) to.out = static_cast<Exchange*>(lanes[source].argument)->in;
    }
  });
  return own.out;
}

unsigned ballot(unsigned mask, bool predicate, const char* operation, Site site) {
  Exchange own{predicate, 0, 0, 0};
  this_block().collective(operation, mask, &own, site, [](Thread* lanes, unsigned present) {
    uint64_t votes = 0;
    for (int lane = 0; lane < 32; lane++)
      if (present >> lane & 1) votes |= static_cast<Exchange*>(lanes[lane].argument)->in << lane;
    for (int lane = 0; lane < 32; lane++)
      if (present >> lane & 1) static_cast<Exchange*>(lanes[lane].argument)->out = votes;
  });
  return unsigned(own.out);
}

void sync_warp(unsigned mask, Site site) {
  Block& block = this_block();
  const Thread& thread = block.current();
  Warp& warp = block.warp_of(thread);
  const unsigned base = thread.number - thread.lane();
  void* lock = block.sync_objects().lane(base + unsigned(mask ? __builtin_ctz(mask) : 0), warp.phase);
  release(lock);
  block.collective("__syncwarp", mask, nullptr, site, [&warp](Thread*, unsigned) { warp.phase++; });
  acquire(lock);
}

void fence() { this_block().current().fenced = true; }

void atomic_done(void* address) {
  if (!thread_sanitizer || !this_block().current().fenced) return;
  acquire(address);
  release(address);
}

}  // namespace executor
