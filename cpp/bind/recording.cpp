// Recordings of work on the CPU, and what tells batches apart for which one was made.
#include "core/recording.h"

#include <pybind11/numpy.h>

#include <array>
#include <cstring>

#include "bind/bind.h"
#include "core/isa.h"
#include "core/parallel.h"
#include "ops/convolution.h"

namespace strate {
namespace {

bool is_array(py::handle object) { return Py_TYPE(object.ptr()) == py::detail::npy_api::get().PyArray_Type_; }

// Everything that decides which kernels run for tensors or arrays, as bytes: their element types and shapes,
// the threads, the instruction set, the algorithm of convolutions. None for anything else.
py::object case_of(const py::tuple& given) {
  std::array<int64_t, 64> words;
  size_t n = 0;
  words[n++] = num_threads();
  words[n++] = int64_t(isa());
  words[n++] = int64_t(cpu::convolution_choice());
  const auto add = [&](DType dtype, int rank, const auto* sizes) {
    words[n++] = int64_t(dtype);
    words[n++] = rank;
    for (int i = 0; i < rank; i++) words[n++] = sizes[i];
  };
  for (py::handle object : given) {
    if (n + 2 + max_rank > words.size()) return py::none();
    if (is_array(object)) {
      const auto a = py::reinterpret_borrow<py::array>(object);
      const auto dtype = dtype_of_array(a);
      if (!dtype || a.ndim() > max_rank) return py::none();
      add(*dtype, int(a.ndim()), a.shape());
    } else if (py::isinstance<Tensor>(object)) {
      const auto& t = object.cast<const Tensor&>();
      if (t.device() != Device::cpu) return py::none();
      add(t.dtype(), t.rank(), t.shape().dim.data());
    } else {
      return py::none();
    }
  }
  return py::bytes(reinterpret_cast<const char*>(words.data()), n * sizeof(int64_t));
}

// An array that lies in one piece is copied as it is; anything else becomes a tensor first.
void fill(const Tensor& own, py::handle given) {
  if (is_array(given)) {
    const auto a = py::reinterpret_borrow<py::array>(given);
    if ((a.flags() & py::array::c_style) && dtype_of_array(a) == own.dtype() && a.nbytes() == own.bytes()) {
      std::memcpy(own.raw(), a.data(), size_t(own.bytes()));
      return;
    }
  }
  copy(own, tensor_from(given));
}

void replay(const Recording& recording) {
  without_gil(recording.seconds() * 1e9, [&] { recording.replay(); });
}

void replay_for(const Recording& recording, const py::tuple& inputs, const py::tuple& given) {
  check(inputs.size() == given.size(), "recording", "as many values as inputs; got ", given.size(), " for ",
        inputs.size());
  for (size_t i = 0; i < inputs.size(); i++) fill(inputs[i].cast<const Tensor&>(), given[i]);
  replay(recording);
}

}  // namespace

void bind_recording(py::module_& m) {
  using namespace py::literals;
  m.def("case_of", case_of, "given"_a);
  py::class_<Recording>(m, "CpuRecording")
      .def(py::init())
      .def("end", &Recording::end)
      .def("replay", replay)
      .def("replay_for", replay_for, "inputs"_a, "given"_a)
      .def("spoil", &Recording::spoil)
      .def_property_readonly("whole", &Recording::whole)
      .def_property_readonly("calls", &Recording::calls)
      .def_property_readonly("nbytes", &Recording::bytes);
}

}  // namespace strate
