#include "ops/finite.h"

#include "core/cuda.h"
#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/operands.h"

namespace strate {
namespace cpu {

template <class T> void all_finite(Flag* finite, const T* x, int64_t n, double work) {
  const auto& k = kernels<T>().finite;
  parallel_ranges(n, elementwise_grain, work, [&](int64_t begin, int64_t end) {
    if (!k.all(x + begin, end - begin)) finite->store(false, std::memory_order_relaxed);
  });
}

template void all_finite(Flag*, const float*, int64_t, double);
template void all_finite(Flag*, const double*, int64_t, double);

void pass_on_flag(Flag* to, const Flag* from) {
  if (from->load(std::memory_order_relaxed)) to->store(true, std::memory_order_relaxed);
}

}  // namespace cpu

bool all_finite(const Tensor& t_) {
  if (!is_real(wide(t_.dtype()))) return true;
  const Tensor t = contiguous(cast(t_, wide(t_.dtype())));
  Flag finite{true};
  visit_real(t.dtype(), [&]<class T>() {
    if (t.device() == Device::cpu)
      return run(cpu::all_finite<T>, &finite, t, t.count(), streaming_time(t.bytes()));
    const Tensor found = zeros({}, DType::int32, t.device());
    run(on_cuda(&FiniteCuda<T>::find_other), found, t, t.count());
    finite = to_device(found, Device::cpu).template data<int32_t>()[0] == 0;
  });
  return finite;
}

bool take_nonfinite(const Tensor& t) {
  if (t.device() == Device::cpu) return t.nonfinite()->exchange(false);
  Flag* flag = t.storage()->device_flag;
  return flag && cuda_runtime().take_flag(flag);
}

void pass_on_flag(const Tensor& to, const Tensor& from) {
  check_same_device("pass_on_flag", "to", to, "from", from);
  run(on(to.device(), cpu::pass_on_flag, &FiniteCuda<float>::pass_on_flag), to.nonfinite(), from.nonfinite());
}

}  // namespace strate
