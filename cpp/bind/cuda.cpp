// The CUDA device: whether there is one, its memory, its graphs, and how its tensor cores multiply.
#include "core/cuda.h"

#include <sstream>

#include "bind/bind.h"
#include "core/dispatch.h"
#include "ops/cuda.h"

namespace strate {
namespace {

using namespace py::literals;

constexpr const char* multiply_names[] = {"float32", "tf32", "bf16"};

constexpr const char* tile_names[] = {"by_shape", "small", "large"};

int index_of(const char* const (&names)[3], const std::string& name, const char* what) {
  for (int i = 0; i < 3; i++)
    if (name == names[i]) return i;
  fail_value(what, "it is ", names[0], ", ", names[1], " or ", names[2], "; got '", name, "'");
}

// A recorded step: replayed by `replay`, and given back with its memory when nobody has it any more.
class CudaRecording {
 public:
  explicit CudaRecording(void* made) : made_(made) {}
  CudaRecording(const CudaRecording&) = delete;
  ~CudaRecording() { cuda_runtime().forget(made_); }
  void replay() const { cuda_runtime().replay(made_); }
  void spoil() const { cuda_runtime().spoil(made_); }

 private:
  void* made_;
};

// A value or two of a tensor, on their way to the host. On the CPU they are there at once.
class Later {
 public:
  explicit Later(const Tensor& t) : value_(t) {
    check(t.contiguous() && t.bytes() <= 16, "later", "a few values are sent; got shape=", t.shape());
    if (t.device() == Device::cpu) return;
    sent_ = cuda_runtime().send(t.raw(), t.bytes());
    value_ = empty(t.shape(), t.dtype());
  }
  Later(const Later&) = delete;
  ~Later() {
    if (sent_) cuda_runtime().drop(sent_);
  }

  Tensor value() {
    if (sent_) cuda_runtime().receive(value_.raw(), sent_);
    if (void* received = std::exchange(sent_, nullptr)) cuda_runtime().drop(received);
    return value_;
  }

 private:
  Tensor value_;
  void* sent_ = nullptr;
};

// The loss and whether the gradient's flag is raised, as one tensor of two numbers.
Tensor report(const Tensor& loss, const Tensor& gradient) {
  check(loss.dtype() == DType::float64 && loss.count() == 1, "report", "the loss is one float64; got ",
        dtype_name(loss.dtype()), " ", loss.shape());
  Tensor out = empty({2}, DType::float64, Device::cuda);
  run(Kernel{cuda_runtime().report, Device::cuda}, out, loss, gradient.nonfinite());
  return out;
}

void copy_unless(const Tensor& to, const Tensor& from, const Tensor& flagged) {
  check(to.shape() == from.shape() && to.dtype() == from.dtype() && to.contiguous() && from.contiguous() &&
            !to.read_only() && item_size(to.dtype()) % 4 == 0,
        "copy_unless", "to and from are alike and contiguous; got ", to.shape(), " from ", from.shape());
  run(Kernel{cuda_runtime().copy_unless, Device::cuda}, to, from, to.bytes(), flagged.nonfinite());
}

// Names of kernels and the addresses of their functions.
std::vector<std::pair<std::string, uint64_t>> launched() {
  std::vector<std::pair<std::string, uint64_t>> found;
  std::istringstream in(cuda_runtime().launched());
  std::string name;
  for (uint64_t kernel = 0; in >> name >> kernel;) found.emplace_back(name, kernel);
  return found;
}

}  // namespace

void bind_cuda(py::module_& m) {
  m.def("cuda_unavailable", cuda_unavailable);
  m.def("cuda_name", [] { return std::string(cuda_runtime().name()); });
  m.def("cuda_memory", [] {
    const MemoryUse use = cuda_runtime().memory_use();
    int64_t free = 0, total = 0;
    cuda_runtime().memory_left(&free, &total);
    return py::dict("held"_a = use.held, "used"_a = use.used, "peak"_a = use.peak, "free"_a = free,
                    "total"_a = total);
  });
  m.def("cuda_reset_peak", [] { cuda_runtime().reset_peak(); });
  m.def("cuda_release_memory", [] { cuda_runtime().release_memory(); });
  m.def("cuda_synchronize", [] { cuda_runtime().synchronize(); }, py::call_guard<py::gil_scoped_release>());
  m.def(
      "set_tile",
      [](const std::string& name) { cuda_runtime().set_tile(index_of(tile_names, name, "tile")); }, "name"_a);
  m.def("trace_cuda", [](bool on) { cuda_runtime().trace(on); }, "on"_a);
  m.def("cuda_launched", launched);

  py::class_<Later>(m, "Later")
      .def(py::init<const Tensor&>(), "value"_a)
      .def("value", &Later::value, py::call_guard<py::gil_scoped_release>());
  m.def("report", report, "loss"_a, "gradient"_a);
  m.def("copy_unless", copy_unless, "to"_a, "from_"_a, "flagged"_a);

  py::class_<CudaRecording>(m, "Recording")
      .def("replay", &CudaRecording::replay)
      .def("spoil", &CudaRecording::spoil);
  m.def("begin_capture", [] { cuda_runtime().begin_capture(); });
  m.def("end_capture", [] { return std::make_unique<CudaRecording>(cuda_runtime().end_capture()); });
  m.def("abandon_capture", [] { cuda_runtime().abandon_capture(); });

  m.def("multiply", [] { return multiply_names[int(multiply())]; });
  m.def(
      "set_multiply",
      [](const std::string& name) { set_multiply(Multiply(index_of(multiply_names, name, "multiply"))); },
      "name"_a);
}

}  // namespace strate
