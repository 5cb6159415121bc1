// What every binding shares: pybind11, the list of binders, and when the GIL is released.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>

#include "core/check.h"
#include "core/tensor.h"

namespace strate {

namespace py = pybind11;

// An op that takes longer than this gives up the GIL. Shorter ones keep it: getting it back from another busy
// thread would cost milliseconds.
constexpr double gil_threshold = 100e3;  // nanoseconds

// work: the op's estimated time on one thread, in nanoseconds.
template <class F> auto without_gil(double work, F&& f) {
  if (work < gil_threshold) return f();
  py::gil_scoped_release released;
  return f();
}

// Python's None is a tensor without memory.
inline Tensor or_none(const std::optional<Tensor>& t) { return t ? *t : Tensor(); }
inline std::optional<Tensor> to_optional(Tensor t) {
  return t.defined() ? std::optional(std::move(t)) : std::nullopt;
}

// Whole numbers exactly: a double in between would round them past 2^53.
int64_t int64_of(py::handle number, const char* op);  // throws a ValueError where 64 bits do not hold it
void fill_number(const Tensor& to, py::handle number);

py::tuple shape_tuple(const Shape&);
Shape shape_of(py::handle);  // an int or a sequence of ints

// Of a numpy array; none where tensors have no such element type.
std::optional<DType> dtype_of_array(py::handle array);
// A numpy array, buffer or nested sequence as a tensor: shares memory where it can, else copies.
Tensor tensor_from(py::handle, std::optional<DType> dtype = std::nullopt);

void bind_activation(py::module_&);
void bind_adaptive(py::module_&);
void bind_augment(py::module_&);
void bind_average_pool2d(py::module_&);
void bind_batch_norm(py::module_&);
void bind_combine(py::module_&);
void bind_concat(py::module_&);
void bind_conv2d(py::module_&);
void bind_conv2d_transpose(py::module_&);
void bind_count_correct(py::module_&);
void bind_cross_entropy(py::module_&);
void bind_cuda(py::module_&);
void bind_dense(py::module_&);
void bind_dlpack(py::module_&);
void bind_dropout(py::module_&);
void bind_embedding(py::module_&);
void bind_errors(py::module_&);
void bind_finite(py::module_&);
void bind_gather(py::module_&);
void bind_global_average_pool2d(py::module_&);
void bind_gradient_norm(py::module_&);
void bind_info(py::module_&);
void bind_layer_norm(py::module_&);
void bind_local_response_norm(py::module_&);
void bind_mask(py::module_&);
void bind_max_pool2d(py::module_&);
void bind_normalize(py::module_&);
void bind_pointwise_loss(py::module_&);
void bind_random(py::module_&);
void bind_rbf(py::module_&);
void bind_recording(py::module_&);
void bind_recurrent(py::module_&);
void bind_sgd(py::module_&);
void bind_squared_error(py::module_&);
void bind_sub_sample2d(py::module_&);
void bind_tensor(py::module_&);
void bind_transfer(py::module_&);
void bind_up_sample2d(py::module_&);

}  // namespace strate
