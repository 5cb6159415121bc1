// One door: every kernel and every write to a tensor's memory goes through run(kernel, args...), after
// validation and allocation. Tensors are resolved to raw pointers here, and what remains is a trivially
// copyable list of arguments: on a CPU it is called at once; a device that captures its steps records it.
#pragma once

#include <type_traits>

#include "core/tensor.h"

namespace strate {

template <class P, class A> P resolve(const A& argument) {
  if constexpr (std::is_same_v<A, Tensor>) {
    static_assert(std::is_pointer_v<P>, "a kernel takes a tensor as a pointer");
    return static_cast<P>(argument.raw());
  } else {
    return argument;
  }
}

template <class... P, class... A> void run(void (*kernel)(P...), const A&... arguments) {
  static_assert(((!std::is_reference_v<P> && std::is_trivially_copyable_v<P>) && ...),
                "a kernel's arguments are pointers, numbers and plain settings");
  kernel(resolve<P>(arguments)...);
}

}  // namespace strate
