// The device switch of the ops. An op declares, in its header, the functions that a CUDA device provides for
// it: a struct <Op>Cuda<T> of function pointers, filled by cuda/ops/<op>.cu. After checks and allocation
//   run(on(x.device(), cpu::relu<T>, &ReluCuda<T>::forward), y, x, n);
// calls one or the other; where the two take different arguments, `cuda_part` gives the struct itself. Where
// T may be bfloat16, which no CPU computes with, STRATE_CPU stands before a function that is none then:
//   run(on<T>(x.device(), STRATE_CPU(cpu::relu), &ReluCuda<T>::forward), y, x, n);
#pragma once

#include "core/dispatch.h"

namespace strate {

// The part of one op and element type; throws DeviceError where CUDA is unavailable.
template <class Part> const Part& cuda_part();

template <class F, class Part> Kernel<F> on(Device device, F cpu, F Part::* cuda) {
  if (device == Device::cpu) return {cpu, device};
  return {cuda_part<Part>().*cuda, device};
}

template <class T> constexpr bool on_cpu = !std::is_same_v<T, bfloat16>;
#define STRATE_CPU(function) []<class T_>() { return function<T_>; }

template <class T, class Cpu, class F, class Part> Kernel<F> on(Device device, Cpu cpu, F Part::* cuda) {
  if constexpr (on_cpu<T>)
    if (device == Device::cpu) return {cpu.template operator()<T>(), device};
  return {cuda_part<Part>().*cuda, Device::cuda};
}

template <class F, class Part> Kernel<F> on_cuda(F Part::* cuda) {
  return {cuda_part<Part>().*cuda, Device::cuda};
}

// A tensor whose values are checked before work is done, as the CPU can read it: from a device it is copied,
// which waits. While a step is captured it is none, and nothing is checked: the values may be others when it
// is replayed, and whoever captures has checked them.
Tensor readable(const Tensor&);

// How tensor cores multiply float32: exactly, that is not at all; on numbers rounded to tf32 (10 bits of
// mantissa) or to bfloat16 (7 bits); sums are float32 always. float64 is exact in any case.
enum class Multiply : int { float32, tf32, bf16 };
Multiply multiply();
void set_multiply(Multiply);

}  // namespace strate
