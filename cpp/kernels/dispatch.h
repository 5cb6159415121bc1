// kernels<T>(): the table of the instruction set in force, for float or double.
#pragma once

#include <string>
#include <vector>

#include "kernels/table.h"

namespace strate {

template <class T> const KernelTable<T>& kernels();

// For tests: while tracing is on, every call through the table notes its kernel's name.
void trace_kernels(bool on);                 // clears what was noted
std::vector<std::string> kernels_reached();  // "max_pool2d.forward float32", ...
std::vector<std::string> kernel_names();     // every entry of the table, in the same form

}  // namespace strate
