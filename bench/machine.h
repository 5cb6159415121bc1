// What this machine can do, measured in this run: every figure of a bench stands beside it.
#pragma once

#include <string>

namespace strate::bench {

std::string processor();  // its name, or empty where the system does not say
double peak_gflops();     // multiply-adds count as two; all threads; the instruction set in force

// Bytes read plus bytes written per second, on 256 MB, all threads: measured now, in a few dozen
// milliseconds.
struct Copies {
  double median, best;
};
Copies copy_gigabytes();

}  // namespace strate::bench
