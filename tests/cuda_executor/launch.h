// A kernel with its arguments becomes work of a stream. Beside CUDA's signature: the line that launches, for
// messages.
#pragma once

#include <functional>
#include <tuple>

#include "language.h"
#include "runtime.h"

namespace executor {

struct Grid {
  dim3 size;
  Site site;
  Grid(dim3 size, Site site = Site::current()) : size(size), site(site) {}
  Grid(unsigned x, Site site = Site::current()) : size(x), site(site) {}
};

struct Launch {
  dim3 grid, block;
  size_t shared;
  Site site;
  const void* kernel;
  std::function<void()> thread;
};
cudaError_t launch(Launch, cudaStream_t);

template <class... P, class... A>
cudaError_t launch_kernel(void (*kernel)(P...), Grid grid, dim3 block, size_t shared, cudaStream_t stream,
                          A&&... arguments) {
  static_assert(sizeof...(P) == sizeof...(A), "as many arguments as the kernel has parameters");
  auto thread = [kernel, values = std::tuple<P...>(static_cast<P>(arguments)...)] {
    std::apply(kernel, values);
  };
  return launch({grid.size, block, shared, grid.site, reinterpret_cast<const void*>(kernel), thread}, stream);
}

}  // namespace executor
