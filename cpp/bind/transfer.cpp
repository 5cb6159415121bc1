// Pinned host memory, and its way to the CUDA device beside what computes there.
#include <vector>

#include "bind/bind.h"
#include "core/cuda.h"

namespace strate {
namespace {

// Holds on to both memories until nobody may be surprised by the copy: the host's until the host has waited
// for it, the device's until the device does.
class Transfer {
 public:
  Transfer() : made_(cuda_runtime().make_transfer()) {}
  Transfer(const Transfer&) = delete;
  ~Transfer() { cuda_runtime().drop_transfer(made_); }

  Tensor send(const Tensor& from) {
    check(from.defined() && from.device() == Device::cpu && from.contiguous(), "transfer",
          "contiguous host memory is sent; got shape=", from.shape(), " on ", device_name(from.device()));
    Tensor to = empty(from.shape(), from.dtype(), Device::cuda);
    from_.push_back(from);
    to_.push_back(to);
    cuda_runtime().start_transfer(made_, to.raw(), from.raw(), from.bytes());
    return to;
  }

  void follow() {
    cuda_runtime().follow_transfer(made_);
    to_.clear();
  }

  void wait() {
    {
      py::gil_scoped_release released;
      cuda_runtime().wait_transfer(made_);
    }
    from_.clear();
  }

 private:
  void* made_;
  std::vector<Tensor> from_, to_;
};

Tensor pinned(const Shape& shape, DType dtype) {
  for (int i = 0; i < shape.rank; i++)
    check(shape[i] >= 0, "pinned", "sizes are 0 or more; got shape=", shape);
  const int64_t bytes = checked_multiply(shape.count(), item_size(dtype), "pinned");
  return Tensor(cuda_runtime().allocate_pinned(bytes), 0, dtype, shape, shape.row_major(), false);
}

}  // namespace

void bind_transfer(py::module_& m) {
  using namespace py::literals;
  m.def(
      "pinned",
      [](py::handle shape, const std::string& dtype) {
        return pinned(shape_of(shape), dtype_of_name(dtype));
      },
      "shape"_a, "dtype"_a = "float32");
  py::class_<Transfer>(m, "Transfer")
      .def(py::init<>())
      .def("send", &Transfer::send, "tensor"_a)
      .def("follow", &Transfer::follow)
      .def("wait", &Transfer::wait);
}

}  // namespace strate
