// How a matrix is cut into tasks: blocks of whole units, by shape alone.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace strate::cpu {

constexpr double nanoseconds_per_task = 4000;   // a smaller block would not repay its hand-over
constexpr double nanoseconds_per_chunk = 8000;  // of a sum, whose results are added up besides
constexpr int64_t most_tasks = 64;

constexpr int64_t parts_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t rounded(int64_t n) {
  return parts_up(n, 16) * 16;
}  // pieces of a workspace begin at cache lines

// How many tasks so much work (nanoseconds on one thread) is worth: a power of two, which most numbers of
// threads share out evenly.
inline int64_t tasks_for(double work, double task = nanoseconds_per_task) {
  return int64_t(std::bit_ceil(uint64_t(std::clamp(work / task, 1.0, double(most_tasks)))));
}

struct Span {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

// Part number `part` of `parts`, as even as whole units allow.
inline Span cut(int64_t size, int64_t unit, int64_t parts, int64_t part) {
  const int64_t units = parts_up(size, unit);
  return {std::min(size, units * part / parts * unit), std::min(size, units * (part + 1) / parts * unit)};
}

// A matrix cut into row_parts x column_parts blocks.
struct Grid {
  int64_t rows = 0, columns = 0, row_unit = 1, column_unit = 1, row_parts = 0, column_parts = 0;

  int64_t tasks() const { return row_parts * column_parts; }
  Span row_span(int64_t task) const { return cut(rows, row_unit, row_parts, task / column_parts); }
  Span column_span(int64_t task) const {
    return cut(columns, column_unit, column_parts, task % column_parts);
  }
};

}  // namespace strate::cpu
