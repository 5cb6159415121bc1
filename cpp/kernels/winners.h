// The gradients of a convolution of stride 1 through max-pooling by windows of 2x2 side by side, from the
// winners alone: one output of four. For few channels and few filters.
//   dw[a,b,c,o] = sum over windows i, j of dz[i,j,o] x[2i + p + a, 2j + q + b, c],   p, q: the winner's place
//   dx[2i + p + a, 2j + q + b, c] += dz[i,j,o] w[a,b,c,o]
// Filters lie in lanes. At a tap, each sees one of four neighbouring pixels of x: one permutation of those
// takes each lane's own, by the `order` made of the winners' places. Where twice the filters fit a register,
// it holds two windows side by side.
#pragma once

#include <cstdint>

#include "kernels/member.h"

namespace strate {

// One image, one channel. Rows of `pairs` hold, for each column, a pixel and the one below it.
template <class T> struct WinnersWeight {
  T* sums;                      // [block of filters][tap][lane], added to
  const T *pairs, *dz, *order;  // [row of windows][register across][block of filters][lane]
  int64_t pair_row;
  int64_t down, across, blocks;  // rows of windows, registers to a row
  int64_t windows;               // to a register
  int64_t kernel;                // taps along a side: 3 or 5
};

// One image with its padding, zero at first.
template <class T> struct WinnersInput {
  T* dx;
  const T *dz, *weight;  // weight[filter][q][kernel + 2 rows][row]: rows of taps, q pixels to the right,
                         // a row of zeros above and below
  const uint8_t* places;
  int64_t dx_row, row;  // row: of weight, whole registers
  int64_t down, across, filters, channels;
  int64_t kernel;
};

template <class T> struct WinnersKernels {
  int64_t (*windows)(int64_t filters);  // to a register
  // dz and order of a row of windows, as WinnersWeight has them; the places of all end at `end`.
  void (*choose)(T* dz, T* order, const T* from, const uint8_t* places, const uint8_t* end, int64_t windows,
                 int64_t filters);
  void (*interleave)(T* to, const T* upper, const T* lower, int64_t n);  // zeros behind, to whole registers
  void (*weight)(const WinnersWeight<T>&);
  void (*input)(const WinnersInput<T>&);

  template <class F> static void list(F&& visit) {
    visit("winners.windows", member<&WinnersKernels::windows>);
    visit("winners.choose", member<&WinnersKernels::choose>);
    visit("winners.interleave", member<&WinnersKernels::interleave>);
    visit("winners.weight", member<&WinnersKernels::weight>);
    visit("winners.input", member<&WinnersKernels::input>);
  }
};

}  // namespace strate
