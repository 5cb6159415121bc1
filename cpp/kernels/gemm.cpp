// Products on one thread: which tile goes where. Panels of columns are the outer loop, so that the part of B
// that a panel needs stays in cache while all rows pass by.
#include "kernels/gemm.h"

#include <utility>

#include "kernels/gemm_copying.h"
#include "kernels/gemm_narrow.h"
#include "kernels/gemm_single.h"
#include "kernels/gemm_tile.h"
#include "simd/partial.h"
#include "simd/shuffle.h"
#include "simd/vec.h"

namespace strate::STRATE_ISA {
namespace {

template <class T> int64_t lanes_of_register() { return lanes<T>; }

// Few rows leave accumulators free: take more columns at once, unless B is in panels.
template <class T> int panels_at(int64_t columns, int64_t rows, bool packed) {
  const int64_t most = packed || rows > 3 ? 2 : rows > 1 ? 4 : most_panels;
  const int64_t needed = (columns + lanes<T> - 1) / lanes<T>;
  return int(needed < most ? needed : most);
}

// Columns of C that one tile computes: `registers` of them, `last` columns in the last one.
template <class T> struct Panel {
  int64_t from, width;
  int registers;
  int64_t last;
  const T *b, *next;
};
template <class T> Panel<T> panel_at(const Product<T>& p, int64_t j) {
  const int64_t left = p.n - j;
  const int registers = panels_at<T>(left, p.m, p.b_panel != 0);
  const int64_t width = registers * lanes<T> < left ? registers * lanes<T> : left;
  const T* b = p.b_panel ? p.b + j / (2 * lanes<T>)*p.b_panel : p.b + j;
  const int64_t at = j * p.walk.length;  // of the block that follows, as much as this panel is
  const T* next = p.next ? p.next + at / p.n * p.b_row + at % p.n : nullptr;
  return {j, width, registers, width - (registers - 1) * lanes<T>, b, next};
}

// Rows are shared out evenly: 27 are 14 + 13, not 14 + 13 ones of a narrow tile.
struct Rows {
  int64_t from, to;
};
inline int64_t tiles_of(int64_t m, int64_t most) { return (m + most - 1) / most; }
inline Rows cut_rows(int64_t m, int64_t tile, int64_t tiles) {
  return {m * tile / tiles, m * (tile + 1) / tiles};
}

template <class T, bool transposed>
TilePlace<T> place_of(const Product<T>& p, const Panel<T>& panel, int64_t line, int64_t row) {
  return {p.c + line * p.c_line + row * p.c_row + panel.from,
          p.a + line * p.a_line + (transposed ? row : row * p.a_row),
          panel.b,
          p.bias ? p.bias + panel.from : nullptr,
          panel.last,
          panel.next};
}
template <class T, bool transposed>
__attribute__((noinline)) void compute_tile(const Product<T>& p, const Panel<T>& panel, int64_t line,
                                            Rows rows) {
  const TilePlace<T> place = place_of<T, transposed>(p, panel, line, rows.from);
  const int64_t count = rows.to - rows.from;
  if (p.far_c) ask_for_rows_below(p, place.c, count, panel.registers);
  if (p.far_a && panel.from == 0) ask_for_next_line(p, place.a, count);
  tile_for<T, transposed>(count, panel.registers, panel.last != lanes<T>)(p, place);
}

// Where all of B stays in the first-level cache, a tile's rows of C are written from end to end: pieces of
// rows that lie far apart are slow to write to memory.
template <class T> bool fits_first_cache(const Product<T>& p) {
  constexpr int64_t bytes = 20 << 10;
  return p.m > 3 && p.n > 2 * lanes<T> &&
         p.walk.outer * p.walk.inner * p.walk.length * p.n * int64_t(sizeof(T)) <= bytes;
}
template <class T, bool transposed> void tile_by_tile(const Product<T>& p) {
  const int64_t tiles = tiles_of(p.m, tile_rows<T>(2));
  for (int64_t line = 0; line < p.lines; line++)
    for (int64_t t = 0; t < tiles; t++)
      for (int64_t j = 0; j < p.n; j += 2 * lanes<T>)
        compute_tile<T, transposed>(p, panel_at(p, j), line, cut_rows(p.m, t, tiles));
}

template <class T, bool transposed> void product(const Product<T>& p) {
  if constexpr (!transposed)
    if (is_wide_row(p)) return wide_row(p);
  if (is_outer(p)) {
    const int64_t step = transposed ? 1 : p.a_row;
    for (int64_t line = 0; line < p.lines; line++) {
      T* c = p.c + line * p.c_line;
      const T* a = p.a + line * p.a_line;
      if (is_one_piece(p)) outer_rows(c, a, step, p.b, p.m, p.n);
      else
        for (int64_t i = 0; i < p.m; i++) outer_row(c + i * p.c_row, a[i * step], p.b, p.n);
    }
    return;
  }
  if (fits_first_cache(p)) return tile_by_tile<T, transposed>(p);
  for (int64_t j = 0; j < p.n;) {
    const Panel<T> panel = panel_at(p, j);
    const int64_t tiles = tiles_of(p.m, tile_rows<T>(panel.registers));
    for (int64_t line = 0; line < p.lines; line++)
      for (int64_t t = 0; t < tiles; t++)
        compute_tile<T, transposed>(p, panel, line, cut_rows(p.m, t, tiles));
    j += panel.width;
  }
}

// As many rows of B at once as a register has lanes: their sums then fold into one register of results.
template <class T> void dots(T* c, const T* a, const T* b, int64_t b_row, int64_t n, int64_t length) {
  constexpr int L = lanes<T>;
  const int64_t whole = length / L * L;
  const First<T> tail = first<T>(length - whole);
  for (int64_t j = 0; j < n; j += L) {
    const int64_t count = n - j < L ? n - j : L;
    const T* row[L];
    for (int i = 0; i < L; i++) row[i] = b + (j + (i < count ? i : count - 1)) * b_row;
    Vec<T> sum[L];
#pragma GCC unroll 16
    for (int i = 0; i < L; i++) sum[i] = zero<T>();
    for (int64_t k = 0; k < whole; k += L) {
      const Vec<T> value = load(a + k);
#pragma GCC unroll 16
      for (int i = 0; i < L; i++) sum[i] = fmadd(value, load(row[i] + k), sum[i]);
    }
    if (whole < length) {
      const Vec<T> value = load(a + whole, tail);
#pragma GCC unroll 16
      for (int i = 0; i < L; i++) sum[i] = fmadd(value, load(row[i] + whole, tail), sum[i]);
    }
    const Vec<T> result = sums_of_lanes<T>(sum);
    if (count == L) store(c + j, result);
    else store(c + j, result, first<T>(count));
  }
}

template <class T>
void transpose(T* to, int64_t to_row, const T* from, int64_t from_row, int64_t rows, int64_t columns) {
  constexpr int L = lanes<T>;
  for (int64_t j = 0; j < columns; j += L) {
    const int64_t width = columns - j < L ? columns - j : L;
    const First<T> across = first<T>(width);
    for (int64_t i = 0; i < rows; i += L) {
      const int64_t height = rows - i < L ? rows - i : L;
      Vec<T> v[L];
#pragma GCC unroll 16
      for (int r = 0; r < L; r++) {
        const T* p = from + (i + (r < height ? r : height - 1)) * from_row + j;
        v[r] = width == L ? load(p) : load(p, across);
      }
      transpose_block<T>(v);
      if (width == L && height == L) {
#pragma GCC unroll 16
        for (int r = 0; r < L; r++) store(to + (j + r) * to_row + i, v[r]);
      } else {
        const First<T> down = first<T>(height);
#pragma GCC unroll 16
        for (int r = 0; r < L; r++)
          if (r < width) store(to + (j + r) * to_row + i, v[r], down);
      }
    }
  }
}

template <class T>
void copy(T* to, int64_t to_row, const T* from, int64_t from_row, int64_t rows, int64_t columns) {
  const int64_t whole = columns / lanes<T> * lanes<T>;
  const First<T> tail = first<T>(columns - whole);
  for (int64_t i = 0; i < rows; i++, to += to_row, from += from_row) {
    for (int64_t j = 0; j < whole; j += lanes<T>) store(to + j, load(from + j));
    if (whole < columns) store(to + whole, load(from + whole, tail), tail);
  }
}

template <class T> void copying(const Product<T>& p, T* panel) {
  constexpr int64_t width = 2 * lanes<T>, most = tile_rows<T>(2);
  const int64_t tiles = tiles_of(p.m, most);
  Product<T> copied = p;
  copied.b_row = width;
  int64_t j = 0;
  for (; j + width <= p.n; j += width) {
    Panel<T> columns{j, width, 2, lanes<T>, p.b + j, nullptr};
    int64_t t = 0;
    if constexpr (sizeof(T) == 4) {
      constexpr auto sizes = std::make_integer_sequence<int, most - least_copying_rows<T> + 1>{};
      copying_tile_for<T>(p.m / tiles, sizes)(p, place_of<T, false>(p, columns, 0, 0), panel);
      t = 1;
    } else {
      copy(panel, width, p.b + j, p.b_row, p.walk.length, width);
    }
    columns.b = panel;
    for (; t < tiles; t++) compute_tile<T, false>(copied, columns, 0, cut_rows(p.m, t, tiles));
  }
  if (j == p.n) return;
  Product<T> rest = p;  // columns that fill no panel, where they lie
  rest.c += j, rest.b += j, rest.n -= j;
  if (p.bias) rest.bias += j;
  product<T, false>(rest);
}

// Every fourth row goes into a sum of its own: four additions are under way at once, and errors grow more
// slowly.
template <class T, int panels, bool partial>
void sum_block(T* to, const T* from, int64_t from_row, int64_t rows, bool accumulate, First<T> f) {
  constexpr int chains = 4;
  Vec<T> sum[chains][panels];
#pragma GCC unroll 4
  for (int c = 0; c < chains; c++)
#pragma GCC unroll 4
    for (int j = 0; j < panels; j++) sum[c][j] = zero<T>();
  int64_t i = 0;
  for (; i + chains <= rows; i += chains, from += chains * from_row)
#pragma GCC unroll 4
    for (int c = 0; c < chains; c++)
#pragma GCC unroll 4
      for (int j = 0; j < panels; j++)
        sum[c][j] += load_first<T, partial>(from + c * from_row + j * lanes<T>, f);
  for (; i < rows; i++, from += from_row)
#pragma GCC unroll 4
    for (int j = 0; j < panels; j++) sum[0][j] += load_first<T, partial>(from + j * lanes<T>, f);
#pragma GCC unroll 4
  for (int j = 0; j < panels; j++) {
    T* p = to + j * lanes<T>;
    const Vec<T> all = (sum[0][j] + sum[1][j]) + (sum[2][j] + sum[3][j]);
    store_first<T, partial>(p, accumulate ? load_first<T, partial>(p, f) + all : all, f);
  }
}

template <class T>
void sum_rows(T* to, const T* from, int64_t from_row, int64_t rows, int64_t columns, bool accumulate) {
  constexpr int L = lanes<T>;
  int64_t j = 0;
  for (; j + 2 * L <= columns; j += 2 * L)
    sum_block<T, 2, false>(to + j, from + j, from_row, rows, accumulate, first<T>(L));
  for (; j + L <= columns; j += L)
    sum_block<T, 1, false>(to + j, from + j, from_row, rows, accumulate, first<T>(L));
  if (j < columns) sum_block<T, 1, true>(to + j, from + j, from_row, rows, accumulate, first<T>(columns - j));
}

template <class T> void fill_all(GemmKernels<T>& k) {
  k.lanes = lanes_of_register<T>;
  k.rows = product<T, false>;
  k.copying = copying<T>;
  k.narrow = narrow_product<T>;
  k.columns = product<T, true>;
  k.dots = dots<T>;
  k.transpose = transpose<T>;
  k.copy = copy<T>;
  k.sum_rows = sum_rows<T>;
}

}  // namespace

void fill(GemmKernels<float>& k) { fill_all(k); }
void fill(GemmKernels<double>& k) { fill_all(k); }

}  // namespace strate::STRATE_ISA
