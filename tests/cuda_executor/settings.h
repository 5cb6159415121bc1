// How kernels run, from the environment, read at every launch:
//   STRATE_EXECUTOR_ORDER=forward|reverse|random[:seed]   of blocks and threads; default forward
//   STRATE_EXECUTOR_STREAMS=late|early                    when work in a stream runs; default late: when
//                                                         something waits for it; early: at once, but for the
//                                                         first stream that was made
//   STRATE_EXECUTOR_WORKERS=n                             blocks at the same time; default 1
//   STRATE_EXECUTOR_MEMORY=bytes                          of the device; default 8 GiB
//   STRATE_EXECUTOR_DEVICES=0|1                           0: there is none; default 1
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace executor {

enum class Order { forward, reverse, random };

struct Settings {
  Order order = Order::forward;
  unsigned seed = 1;
  unsigned workers = 1;
};

// `error` is empty where every variable has a value that it can have.
Settings read_settings(std::string& error);
size_t device_memory_bytes();
int device_count();
bool streams_are_early();

}  // namespace executor
