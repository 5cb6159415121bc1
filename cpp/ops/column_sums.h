// Sums over rows, for every column of every group of rows, on a CUDA device: a group's rows are cut into
// chunks where there are not enough columns to keep a device busy, by shape alone. Partial sums are float64.
#pragma once

#include <algorithm>

#include "core/tensor.h"

namespace strate {

struct ColumnSizes {
  int64_t groups, rows, columns;  // of (groups, rows, columns)
  int64_t chunks;
};

inline ColumnSizes column_sizes(int64_t groups, int64_t rows, int64_t columns) {
  const int64_t width = std::min<int64_t>(columns, 32), tiles = (columns + 31) / 32;
  const int64_t enough = 512 / std::max<int64_t>(1, groups * tiles);  // blocks
  return {groups, rows, columns, std::clamp<int64_t>(std::min(enough, rows * width / 2048), 1, 256)};
}

// Room for the partial sums, `sums` for each column; none where no group is cut.
inline Tensor column_partials(const ColumnSizes& s, int64_t sums, Device device) {
  if (device == Device::cpu || s.chunks == 1) return {};
  return empty({sums * s.groups * s.chunks * s.columns}, DType::float64, device);
}

}  // namespace strate
