// What this machine can do, measured in this run: every figure of a bench stands beside it.
#pragma once

#include <string>

namespace strate::bench {

std::string processor();  // its name, or empty where the system does not say
double peak_gflops();     // multiply-adds count as two; all threads; the instruction set in force
double copy_gigabytes();  // bytes read plus bytes written per second, on 256 MB, all threads

}  // namespace strate::bench
