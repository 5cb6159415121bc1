#include "ops/batch_norm.h"

#include "bind/bind.h"

namespace strate {

void bind_batch_norm(py::module_& m) {
  using namespace py::literals;
  using Optional = std::optional<Tensor>;
  m.def(
      "batch_norm_forward",
      [](const Tensor& x, const Optional& gamma, const Optional& beta, const Optional& mean,
         const Optional& variance, double momentum, double epsilon, bool training,
         const Activation& activation, const Optional& added) {
        const BatchNorm norm(momentum, epsilon, training);
        return without_gil(batch_norm_work(x), [&] {
          return batch_norm_forward(x, or_none(gamma), or_none(beta), or_none(mean), or_none(variance), norm,
                                    activation, or_none(added));
        });
      },
      "x"_a, "gamma"_a, "beta"_a, "mean"_a, "variance"_a, "momentum"_a, "epsilon"_a, "training"_a,
      "activation"_a, "added"_a = py::none());
  m.def(
      "batch_norm_backward",
      [](const Tensor& dy, const Tensor& x, const Tensor& statistics, const Optional& gamma,
         const Optional& beta, bool training, const Activation& activation, const Optional& dgamma,
         const Optional& dbeta, bool need_dx) {
        return to_optional(without_gil(2 * batch_norm_work(x), [&] {
          return batch_norm_backward(dy, x, statistics, or_none(gamma), or_none(beta), training, activation,
                                     or_none(dgamma), or_none(dbeta), need_dx);
        }));
      },
      "dy"_a, "x"_a, "statistics"_a, "gamma"_a, "beta"_a, "training"_a, "activation"_a, "dgamma"_a, "dbeta"_a,
      "need_dx"_a);
  m.def(
      "batch_norm_fold",
      [](const Tensor& weight, const Optional& bias, const Optional& gamma, const Optional& beta,
         const Tensor& mean, const Tensor& variance, double epsilon) {
        return without_gil(batch_norm_work(weight), [&] {
          return batch_norm_fold(weight, or_none(bias), or_none(gamma), or_none(beta), mean, variance,
                                 epsilon);
        });
      },
      "weight"_a, "bias"_a, "gamma"_a, "beta"_a, "mean"_a, "variance"_a, "epsilon"_a);
}

}  // namespace strate
