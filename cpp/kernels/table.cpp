// The table of one instruction set: this file is compiled once for each.
#include "kernels/table.h"

#include "simd/vec.h"

namespace strate::STRATE_ISA {

#define STRATE_DECLARE(name, Part) \
  void fill(Part<float>&);         \
  void fill(Part<double>&);
STRATE_KERNEL_PARTS(STRATE_DECLARE)

#define STRATE_FILL(name, Part) fill(table.name);
void fill_table(KernelTable<float>& table) { STRATE_KERNEL_PARTS(STRATE_FILL) }
void fill_table(KernelTable<double>& table) { STRATE_KERNEL_PARTS(STRATE_FILL) }

}  // namespace strate::STRATE_ISA
