// One door: every kernel and every write to a tensor's memory goes through run(kernel, args...), after
// validation and allocation. Tensors are resolved to raw pointers here, and what remains is a trivially
// copyable list of arguments: on a CPU it is called at once, and noted where this thread makes a recording; a
// device that captures its steps records it.
#pragma once

#include <type_traits>

#include "core/check.h"
#include "core/recording.h"
#include "core/tensor.h"

namespace strate {

// A function and the device whose memory it reads and writes.
template <class F> struct Kernel {
  F function;
  Device device;
};
template <class F> Kernel(F, Device) -> Kernel<F>;

[[noreturn]] void fail_devices(Device kernel, Device tensor);

template <class P, class A> P resolve(Device device, const A& argument) {
  if constexpr (std::is_same_v<A, Tensor>) {
    static_assert(std::is_pointer_v<P>, "a kernel takes a tensor as a pointer");
    if (argument.defined() && argument.device() != device) [[unlikely]]
      fail_devices(device, argument.device());
    return static_cast<P>(argument.raw());
  } else {
    return argument;
  }
}

template <class A> void keep(Recording& recording, const A& argument) {
  if constexpr (std::is_same_v<A, Tensor>)
    if (argument.defined()) recording.keep(argument.storage());
}

template <class... P, class... A>
[[gnu::cold, gnu::noinline]] void note(void (*function)(P...), const Arguments<P...>& resolved,
                                       const A&... arguments) {
  Recording& recording = *Recording::current();
  (keep(recording, arguments), ...);
  recording.add(function, resolved);
}

template <class... P, class... A> void run(Kernel<void (*)(P...)> kernel, const A&... arguments) {
  static_assert(((!std::is_reference_v<P> && std::is_trivially_copyable_v<P>) && ...),
                "a kernel's arguments are pointers, numbers and plain settings");
  const Arguments<P...> resolved = packed(resolve<P>(kernel.device, arguments)...);
  if (Recording::current() && kernel.device == Device::cpu) [[unlikely]]
    note(kernel.function, resolved, arguments...);
  call(kernel.function, resolved);
}

template <class... P, class... A> void run(void (*kernel)(P...), const A&... arguments) {
  run(Kernel<void (*)(P...)>{kernel, Device::cpu}, arguments...);
}

}  // namespace strate
