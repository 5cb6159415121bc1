#include "core/random.h"

#include "bind/bind.h"
#include "core/orthonormal.h"

namespace strate {

void bind_random(py::module_& m) {
  using namespace py::literals;
  m.def("uniform", fill_uniform, "out"_a, "low"_a, "high"_a, "seed"_a, "stream"_a);
  m.def("normal", fill_normal, "out"_a, "mean"_a, "deviation"_a, "seed"_a, "stream"_a);
  m.def("orthonormalize", orthonormalize, "rows"_a);
  m.def("count_up", count_up, "number"_a);
  m.def("permutation", permutation, "n"_a, "seed"_a, "stream"_a);
}

}  // namespace strate
