// The CUDA device: whether there is one, its memory, its graphs, and how its tensor cores multiply.
#include "core/cuda.h"

#include <sstream>

#include "bind/bind.h"
#include "ops/cuda.h"

namespace strate {
namespace {

using namespace py::literals;

constexpr const char* multiply_names[] = {"float32", "tf32", "bf16"};

Multiply multiply_of(const std::string& name) {
  for (int i = 0; i < 3; i++)
    if (name == multiply_names[i]) return Multiply(i);
  fail_value("multiply", "a way to multiply is float32, tf32 or bf16; got '", name, "'");
}

// A recorded step: replayed by `replay`, and given back with its memory when nobody has it any more.
class Recording {
 public:
  explicit Recording(void* made) : made_(made) {}
  Recording(const Recording&) = delete;
  ~Recording() { cuda_runtime().forget(made_); }
  void replay() const { cuda_runtime().replay(made_); }

 private:
  void* made_;
};

std::vector<std::string> lines(const char* text) {
  std::vector<std::string> found;
  for (std::istringstream in(text); in.good();) {
    std::string line;
    if (std::getline(in, line) && !line.empty()) found.push_back(line);
  }
  return found;
}

}  // namespace

void bind_cuda(py::module_& m) {
  m.def("cuda_unavailable", cuda_unavailable);
  m.def("cuda_name", [] { return std::string(cuda_runtime().name()); });
  m.def("cuda_memory", [] {
    const MemoryUse use = cuda_runtime().memory_use();
    return py::dict("held"_a = use.held, "used"_a = use.used, "peak"_a = use.peak);
  });
  m.def("cuda_reset_peak", [] { cuda_runtime().reset_peak(); });
  m.def("cuda_release_memory", [] { cuda_runtime().release_memory(); });
  m.def("cuda_synchronize", [] { cuda_runtime().synchronize(); }, py::call_guard<py::gil_scoped_release>());
  m.def("trace_cuda", [](bool on) { cuda_runtime().trace(on); }, "on"_a);
  m.def("cuda_launched", [] { return lines(cuda_runtime().launched()); });

  py::class_<Recording>(m, "Recording").def("replay", &Recording::replay);
  m.def("begin_capture", [] { cuda_runtime().begin_capture(); });
  m.def("end_capture", [] { return std::make_unique<Recording>(cuda_runtime().end_capture()); });
  m.def("abandon_capture", [] { cuda_runtime().abandon_capture(); });

  m.def("multiply", [] { return multiply_names[int(multiply())]; });
  m.def("set_multiply", [](const std::string& name) { set_multiply(multiply_of(name)); }, "name"_a);
}

}  // namespace strate
