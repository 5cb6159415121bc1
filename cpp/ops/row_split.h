// How the rows of a matrix (rows, channels) are cut for sums over them, and folded so that narrow rows fill
// registers: `fold` rows are one row of the matrix (rows / fold, fold * channels), and what belongs to a
// channel is repeated `fold` times. The rows that are left over are one shorter row, the tail.
#pragma once

#include <algorithm>
#include <numeric>

#include "ops/grid.h"

namespace strate::cpu {

struct RowSplit {
  int64_t rows, channels;
  int64_t fold = 1, folded = 0, tail = 0, width = 0;  // folded rows of `width`, and channels in the tail
  int64_t chunks = 1, column_parts = 1;               // of a sum over the folded rows

  RowSplit(int64_t rows_, int64_t channels_) : rows(rows_), channels(channels_) {
    if (channels < full && channels > 0) {
      const int64_t whole = full / std::gcd(channels, full);
      fold = whole * channels <= most_width ? whole : parts_up(full, channels);
      if (rows < 8 * fold) fold = 1;
    }
    width = fold * channels;
    folded = rows / fold;
    tail = rows % fold * channels;
    column_parts = std::clamp<int64_t>(width / column_unit, 1, most_chunks);
    chunks = std::clamp<int64_t>(folded * width / (chunk_size * column_parts), 1, most_chunks);
    chunks = std::min(chunks, std::max<int64_t>(1, folded));
  }

  int64_t tasks() const { return chunks * column_parts; }
  int64_t parts() const { return chunks + (tail > 0); }  // sums of a column, the tail's last
  Span chunk(int64_t task) const { return cut(folded, 1, chunks, task / column_parts); }
  Span columns(int64_t task) const { return cut(width, column_unit / 4, column_parts, task % column_parts); }

  // f(part, slot, rows): each place in a row of partial sums that belongs to a channel, and how many rows
  // went into it; slot is the channel's first column there.
  template <class F> void for_slots(F&& f) const {
    for (int64_t part = 0; part < parts(); part++) {
      const bool whole = part < chunks;
      const int64_t slots = whole ? fold : tail / channels;
      const int64_t n = whole ? cut(folded, 1, chunks, part).size() : 1;
      for (int64_t slot = 0; slot < slots; slot++) f(part, slot * channels, n);
    }
  }

 private:
  static constexpr int64_t full = 64, most_width = 512, column_unit = 512, chunk_size = 16384,
                           most_chunks = 16;
};

}  // namespace strate::cpu
