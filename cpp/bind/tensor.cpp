// Tensor in Python: numpy in and out without copies where the layout allows, indexing that views, assignment.
#include "bind/bind.h"

#include <pybind11/numpy.h>

#include "bind/index.h"
#include "core/recording.h"

namespace strate {

py::tuple shape_tuple(const Shape& shape) {
  py::tuple t(shape.rank);
  for (int i = 0; i < shape.rank; i++) t[i] = shape[i];
  return t;
}

Shape shape_of(py::handle object) {
  Shape shape;
  if (PyIndex_Check(object.ptr())) {
    shape.append(int64_of(object, "shape"));
    return shape;
  }
  if (!py::isinstance<py::sequence>(object))
    fail_type("shape", "a shape is an int or a sequence of ints; got ", py::repr(object).cast<std::string>());
  for (py::handle size : object) {
    if (!PyIndex_Check(size.ptr()))
      fail_type("shape", "a shape is an int or a sequence of ints; got ",
                py::repr(object).cast<std::string>());
    shape.append(int64_of(size, "shape"));
  }
  return shape;
}

namespace {

py::dtype numpy_dtype(DType d) {
  return visit_dtype(d, []<class T>() { return py::dtype::of<T>(); });
}

}  // namespace

std::optional<DType> dtype_of_array(py::handle array) {
  const py::dtype d = py::reinterpret_borrow<py::array>(array).dtype();
  char kind = d.kind();
  auto size = d.itemsize();
  if (d.byteorder() == '>') return std::nullopt;
  if (kind == 'f' && size == 4) return DType::float32;
  if (kind == 'f' && size == 8) return DType::float64;
  if (kind == 'i' && size == 4) return DType::int32;
  if (kind == 'i' && size == 8) return DType::int64;
  if (kind == 'u' && size == 1) return DType::uint8;
  if (kind == 'b') return DType::boolean;
  return std::nullopt;
}

namespace {

void release_array(Storage* storage) {
  py::gil_scoped_acquire gil;
  Py_DECREF(static_cast<PyObject*>(storage->owner));
  delete storage;
}

Tensor share(const py::array& a, DType dtype) {
  Shape shape, strides;
  for (int i = 0; i < a.ndim(); i++) {
    shape.append(a.shape(i));
    strides.append(a.strides(i) / a.itemsize());
  }
  auto* storage = new Storage;
  storage->data = const_cast<void*>(a.data());
  storage->bytes = a.nbytes();
  storage->release = release_array;
  storage->owner = py::object(a).release().ptr();
  return Tensor(storage, 0, dtype, shape, strides, !a.writeable());
}

bool whole_strides(const py::array& a) {
  for (int i = 0; i < a.ndim(); i++)
    if (a.strides(i) % a.itemsize() != 0) return false;
  return reinterpret_cast<uintptr_t>(a.data()) % size_t(a.itemsize()) == 0;
}

py::array as_array(py::handle object) {
  py::array a = py::array::ensure(object);
  if (!a) {
    PyErr_Clear();
    fail_type("tensor", "numbers in a rectangular array are needed; got ",
              py::repr(py::type::of(object)).cast<std::string>());
  }
  if (dtype_of_array(a)) return a;
  char kind = a.dtype().kind();
  if (kind == 'f') return a.attr("astype")(a.itemsize() > 4 ? "float64" : "float32");
  if (kind == 'u' && a.itemsize() == 8 && a.size() > 0) int64_of(a.attr("max")().attr("item")(), "tensor");
  if (kind == 'i' || kind == 'u') return a.attr("astype")("int64");
  fail_type("tensor", "real numbers are needed; got an array of ",
            py::str(py::object(a.dtype())).cast<std::string>());
}

py::array to_numpy(py::object self, bool copy = false) {
  Recording::notice_host();
  // A copy from a device is read-only: who writes to it means the tensor, which would not change.
  if (self.cast<const Tensor&>().device() != Device::cpu)
    self = py::cast(to_device(self.cast<const Tensor&>(), Device::cpu).as_read_only());
  const Tensor& t = self.cast<const Tensor&>();
  std::vector<py::ssize_t> shape, strides;
  for (int i = 0; i < t.rank(); i++) {
    shape.push_back(t.shape()[i]);
    strides.push_back(t.strides()[i] * item_size(t.dtype()));
  }
  // Without an owner of the memory an array copies it.
  py::array a(numpy_dtype(t.dtype()), shape, strides, t.raw(), copy ? py::object() : self);
  if (t.read_only() && !copy) a.attr("flags").attr("writeable") = false;
  return a;
}

py::object to_array(py::object self, py::object dtype, py::object copy) {
  const Device device = self.cast<const Tensor&>().device();
  if (device != Device::cpu)
    fail_type("numpy", "a tensor on ", device_name(device), " becomes an array by an explicit .numpy()");
  py::array a = to_numpy(self);
  bool other = !dtype.is_none() && !py::dtype::from_args(dtype).equal(a.dtype());
  if (other && !copy.is_none() && !copy.cast<bool>())
    fail_value("numpy", "another element type needs a copy; got copy=False");
  if (other) return a.attr("astype")(dtype);
  if (!copy.is_none() && copy.cast<bool>()) return a.attr("copy")();
  return a;
}

py::object item(const Tensor& tensor) {
  Recording::notice_host();
  check(tensor.count() == 1, "item", "one value is needed; got shape=", tensor.shape());
  const Tensor t = to_device(tensor, Device::cpu);
  return visit_dtype(t.dtype(), [&]<class T>() -> py::object { return py::cast(*t.data<T>()); });
}

void require_writable(const Tensor& t) { check(!t.read_only(), "tensor", "this tensor is read-only"); }

void assign(const Tensor& t, py::object index, py::object value) {
  require_writable(t);
  Tensor to = indexed(t, index);
  if (PyFloat_Check(value.ptr()) || PyLong_Check(value.ptr())) return fill_number(to, value);
  Tensor from = tensor_from(value);
  if (from.count() == 1 && to.count() != 1) fill_number(to, item(from));
  else copy(to, from);
}

std::string representation(py::object self) {
  const Tensor& t = self.cast<const Tensor&>();
  std::string values = py::str(to_numpy(self)).cast<std::string>();
  const std::string device = t.device() == Device::cpu ? "" : text(", device=", device_name(t.device()));
  return text("Tensor(", values, ", shape=", t.shape(), ", dtype=", dtype_name(t.dtype()), device, ")");
}

py::buffer_info buffer(const Tensor& t) {
  Recording::notice_host();
  if (t.device() != Device::cpu)
    throw py::buffer_error(
        text("[tensor] memory on ", device_name(t.device()), " is no buffer; call .numpy()"));
  std::vector<py::ssize_t> shape, strides;
  for (int i = 0; i < t.rank(); i++) {
    shape.push_back(t.shape()[i]);
    strides.push_back(t.strides()[i] * item_size(t.dtype()));
  }
  std::string format = visit_dtype(t.dtype(), []<class T>() { return py::format_descriptor<T>::format(); });
  return {t.raw(), item_size(t.dtype()), format, t.rank(), shape, strides, t.read_only()};
}

}  // namespace

Tensor tensor_from(py::handle object, std::optional<DType> dtype) {
  if (py::isinstance<Tensor>(object)) {
    Tensor t = object.cast<Tensor>();
    return dtype ? cast(t, *dtype) : t;
  }
  Recording::notice_host();
  py::array a = as_array(object);
  if (!whole_strides(a)) a = a.attr("copy")();
  Tensor t = share(a, *dtype_of_array(a));
  return dtype ? cast(t, *dtype) : t;
}

void bind_tensor(py::module_& m) {
  using namespace py::literals;
  py::class_<Tensor>(m, "Tensor", py::buffer_protocol(), py::is_final())
      .def_buffer(buffer)
      .def_property_readonly("shape", [](const Tensor& t) { return shape_tuple(t.shape()); })
      .def_property_readonly("strides", [](const Tensor& t) { return shape_tuple(t.strides()); })
      .def_property_readonly("dtype", [](const Tensor& t) { return dtype_name(t.dtype()); })
      .def_property_readonly("device", [](const Tensor& t) { return device_name(t.device()); })
      .def_property_readonly("ndim", &Tensor::rank)
      .def_property_readonly("size", &Tensor::count)
      .def_property_readonly("nbytes", &Tensor::bytes)
      .def_property_readonly("read_only", &Tensor::read_only)
      .def("numpy", to_numpy, "copy"_a = false)
      .def("__array__", to_array, "dtype"_a = py::none(), "copy"_a = py::none())
      .def("__repr__", representation)
      .def("__len__",
           [](const Tensor& t) {
             if (t.rank() == 0) fail_type("tensor", "a tensor without axes has no length");
             return t.shape()[0];
           })
      .def("__getitem__", indexed, "index"_a)
      .def("__setitem__", assign, "index"_a, "value"_a)
      .def("item", item)
      .def("tolist", [](py::object self) { return to_numpy(self).attr("tolist")(); })
      .def("__float__", [](const Tensor& t) { return py::float_(item(t)); })
      .def("__int__", [](const Tensor& t) { return py::int_(item(t)); })
      .def("__bool__", [](const Tensor& t) { return item(t).cast<py::object>().attr("__bool__")(); })
      .def(
          "reshape", [](const Tensor& t, py::handle shape) { return t.reshape(shape_of(shape)); }, "shape"_a)
      .def(
          "transpose", [](const Tensor& t, py::handle axes) { return transposed(t, shape_of(axes)); },
          "axes"_a)
      .def("contiguous", contiguous)
      .def("copy", cloned)
      .def("as_read_only", &Tensor::as_read_only)
      .def(
          "astype",
          [](const Tensor& t, const std::string& dtype) {
            DType d = dtype_of_name(dtype);
            return d == t.dtype() ? cloned(t) : cast(t, d);
          },
          "dtype"_a)
      .def(
          "to",
          [](const Tensor& t, const std::string& name) {
            const Device device = device_of_name(name);
            device_table(device);
            return to_device(t, device);
          },
          "device"_a)
      .def(
          "fill",
          [](const Tensor& t, py::handle value) {
            require_writable(t);
            fill_number(t, value);
          },
          "value"_a)
      .def(
          "copy_from",
          [](const Tensor& t, py::handle other) {
            require_writable(t);
            copy(t, tensor_from(other));
          },
          "other"_a)
      .def(py::pickle(
          [](const Tensor&) -> py::tuple {
            fail_type("tensor", "tensors are not pickled; save .numpy() or a model");
          },
          [](py::tuple) -> Tensor { fail_type("tensor", "tensors are not pickled"); }));

  m.def(
      "tensor",
      [](py::handle object, std::optional<std::string> dtype, const std::string& device) {
        Tensor t = tensor_from(object);
        DType d = dtype ? dtype_of_name(*dtype) : t.dtype();
        Tensor made = empty(t.shape(), d, device_of_name(device));
        copy(made, t);
        return made;
      },
      "values"_a, "dtype"_a = py::none(), "device"_a = "cpu");
  m.def("from_numpy", [](py::handle object) { return tensor_from(object); }, "array"_a);
  m.def(
      "empty",
      [](py::handle shape, const std::string& dtype, const std::string& device) {
        return empty(shape_of(shape), dtype_of_name(dtype), device_of_name(device));
      },
      "shape"_a, "dtype"_a = "float32", "device"_a = "cpu");
  m.def(
      "zeros",
      [](py::handle shape, const std::string& dtype, const std::string& device) {
        return zeros(shape_of(shape), dtype_of_name(dtype), device_of_name(device));
      },
      "shape"_a, "dtype"_a = "float32", "device"_a = "cpu");
  m.def(
      "full",
      [](py::handle shape, py::handle value, const std::string& dtype, const std::string& device) {
        Tensor t = empty(shape_of(shape), dtype_of_name(dtype), device_of_name(device));
        fill_number(t, value);
        return t;
      },
      "shape"_a, "value"_a, "dtype"_a = "float32", "device"_a = "cpu");
  m.def(
      "empty_in_order",
      [](py::handle shape, py::handle axes, const std::string& dtype, const std::string& device) {
        Shape s = shape_of(shape), order = axes_of(shape_of(axes), s.rank);
        int list[max_rank];
        for (int i = 0; i < s.rank; i++) list[i] = int(order[i]);
        return empty_in_order(s, list, dtype_of_name(dtype), device_of_name(device));
      },
      "shape"_a, "axes"_a, "dtype"_a = "float32", "device"_a = "cpu");
}

}  // namespace strate
