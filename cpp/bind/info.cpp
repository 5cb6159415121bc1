#include "bind/bind.h"
#include "core/isa.h"
#include "core/parallel.h"
#include "kernels/dispatch.h"

namespace strate {

void bind_info(py::module_& m) {
  using namespace py::literals;
  m.def("isa", [] { return isa_name(isa()); });
  m.def("set_isa", [](const std::string& name) { set_isa(isa_of_name(name)); }, "name"_a);
  m.def("supported_isas", [] {
    std::vector<std::string> names;
    for (Isa set : supported_isas()) names.push_back(isa_name(set));
    return names;
  });
  m.def("num_threads", num_threads);
  m.def("set_num_threads", set_num_threads, "n"_a, py::call_guard<py::gil_scoped_release>());
  m.def("memory", [] {
    MemoryUse use = memory_use();
    return py::dict("held"_a = use.held, "used"_a = use.used, "peak"_a = use.peak);
  });
  m.def("reset_peak", reset_peak);
  m.def("release_memory", release_memory);
  m.def("trace_kernels", trace_kernels, "on"_a);
  m.def("kernels_reached", kernels_reached);
  m.def("kernel_names", kernel_names);
}

}  // namespace strate
