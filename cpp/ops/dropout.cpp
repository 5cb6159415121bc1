#include "ops/dropout.h"

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/cuda.h"
#include "ops/operands.h"

namespace strate {
namespace {

constexpr const char* op = "dropout";
static_assert(elementwise_grain % dropout_group == 0, "a task starts at a group of random words");

void check_arguments(const char* name, const Tensor& t, double rate, const Tensor& random, int64_t stream) {
  check_stored(op, name, t);
  check(rate >= 0 && rate < 1, op, "0 <= rate < 1; got rate=", rate);
  check(stream >= 0 && stream < int64_t(1) << 32, op, "0 <= stream < 2^32; got stream=", stream);
  if (random.dtype() != DType::int64 || random.shape() != Shape{2} || !random.contiguous())
    fail_type(op, "seed and counter are an int64 tensor of shape (2); got random=", Described{random});
  check_same_device(op, name, t, "random", random);
}

double dropout_time(int64_t n, int64_t item) { return streaming_time(2 * n * item) + double(n) * 0.5; }

}  // namespace

double dropout_work(const Tensor& t) { return dropout_time(t.count(), item_size(t.dtype())); }

namespace cpu {

template <class T>
void dropout(T* y, const T* x, int64_t n, const int64_t* random, uint32_t stream, uint32_t threshold,
             T scale) {
  const auto& k = kernels<T>().dropout;
  parallel_ranges(n, elementwise_grain, dropout_time(n, sizeof(T)), [&](int64_t begin, int64_t end) {
    k.apply(y, x, begin, end, random, stream, threshold, scale);
  });
}

}  // namespace cpu

namespace {

Tensor masked(const Tensor& x_, double rate, const Tensor& random, int64_t stream) {
  const Tensor x = contiguous(x_);
  Tensor y = empty(x.shape(), x.dtype(), x.device());
  visit_stored(x.dtype(), [&]<class T>() {
    run(on<T>(x.device(), STRATE_CPU(cpu::dropout), &DropoutCuda<T>::apply), y, x, x.count(), random,
        uint32_t(stream), uint32_t(rate * 0x1p32), Wide<T>(1 / (1 - rate)));
  });
  return y;
}

}  // namespace

std::pair<Tensor, Tensor> dropout_forward(const Tensor& x, double rate, const Tensor& random,
                                          int64_t stream) {
  check_arguments("x", x, rate, random, stream);
  const Tensor saved = cloned(random);
  return {masked(x, rate, saved, stream), saved};
}

Tensor dropout_backward(const Tensor& dy, double rate, const Tensor& saved, int64_t stream) {
  check_arguments("dy", dy, rate, saved, stream);
  return masked(dy, rate, saved, stream);
}

}  // namespace strate
