// What this machine can do, measured in this run: every figure of a bench stands beside it.
#pragma once

namespace strate::bench {

double peak_gflops();     // multiply-adds count as two; all threads; the instruction set in force
double copy_gigabytes();  // bytes read plus bytes written per second, on 256 MB, all threads

}  // namespace strate::bench
