// What the optimisers share: flat buffers of one size, the segments of them that are trained, and how a loop
// over segments is cut into tasks.
// segments int64 (S, 3): begin, end, and whether weight decay applies; in any order, none overlapping.
#pragma once

#include <algorithm>
#include <limits>

#include "core/float_mode.h"
#include "core/parallel.h"
#include "ops/cuda.h"
#include "ops/grid.h"
#include "ops/operands.h"

namespace strate {

inline void check_theta(const char* op, const Tensor& theta) {
  check_real(op, "theta", theta);
  check(theta.rank() == 1 && theta.contiguous() && !theta.read_only(), op,
        "theta is one contiguous buffer that may be written; got theta=", theta.shape());
}

inline void check_buffer(const char* op, const char* name, const Tensor& t, const Tensor& theta) {
  check_same_type(op, "theta", theta, name, t);
  check_same_shape(op, "theta", theta, name, t);
  check(t.contiguous(), op, name, " is one contiguous buffer");
}

// What is kept from step to step, or nothing.
inline void check_memory(const char* op, const char* name, const Tensor& t, const Tensor& theta) {
  if (!t.defined()) return;
  check_buffer(op, name, t, theta);
  check(!t.read_only(), op, name, " is read-only");
}

// Of a captured step the numbers are not checked: kernels hold them within the buffer.
inline void check_segments(const char* op, const Tensor& segments, const char* name, const Tensor& buffer) {
  if (segments.dtype() != DType::int64 || segments.rank() != 2 || segments.shape()[1] != 3 ||
      !segments.contiguous())
    fail_type(op, "segments are int64 (S, 3): begin, end, decays; got segments=", Described{segments});
  check_same_device(op, name, buffer, "segments", segments);
  const Tensor rows = readable(segments);
  if (!rows.defined()) return;
  const int64_t* s = rows.data<int64_t>();
  const int64_t n = buffer.count();
  for (int64_t i = 0; i < rows.shape()[0]; i++, s += 3)
    check(0 <= s[0] && s[0] <= s[1] && s[1] <= n && (s[2] == 0 || s[2] == 1), op, "0 <= begin <= end <= ", n,
          " and decays is 0 or 1; got (", s[0], ", ", s[1], ", ", s[2], ") in segment ", i);
}

namespace cpu {

struct Segments {
  const int64_t* rows;
  int64_t count;

  // From the first begin to the last end; empty where there is nothing.
  std::pair<int64_t, int64_t> reach() const {
    int64_t begin = std::numeric_limits<int64_t>::max(), end = 0;
    for (int64_t i = 0; i < count; i++) {
      begin = std::min(begin, rows[3 * i]);
      end = std::max(end, rows[3 * i + 1]);
    }
    return {std::min(begin, end), end};
  }

  // f(begin, end, decays) for the part of each segment that lies in [from, to).
  template <class F> void within(int64_t from, int64_t to, F&& f) const {
    for (int64_t i = 0; i < count; i++) {
      const int64_t b = std::max(rows[3 * i], from), e = std::min(rows[3 * i + 1], to);
      if (b < e) f(b, e, rows[3 * i + 2] != 0);
    }
  }

  // f for all segments, each of which is cut at the same places: a thread changes those rows of a layer's
  // weights whose gradients it sums where such a loop is cut alike, and finds them in its own caches. There
  // numbers too small to be normal count as zero.
  template <class F> void for_each(double work, F&& f) const {
    const auto [begin, end] = reach();
    const int64_t parts = tasks_for(double(parts_up(end - begin, elementwise_grain)), 1);
    parallel_for(parts, work, [&](int64_t part, int) {
      const TinyIsZero mode;
      for (int64_t i = 0; i < count; i++) {
        const int64_t first = rows[3 * i], size = rows[3 * i + 1] - first;
        const Span some = size < whole ? Span{0, part == 0 ? size : 0} : cut(size, unit, parts, part);
        if (some.size() > 0) f(first + some.begin, first + some.end, rows[3 * i + 2] != 0);
      }
    });
  }

 private:
  static constexpr int64_t unit = 16, whole = 4096;  // smaller segments are not cut
};

}  // namespace cpu
}  // namespace strate
