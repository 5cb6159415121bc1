#include "bind/bind.h"

namespace strate {

int64_t int64_of(py::handle number, const char* op) {
  auto whole = py::reinterpret_steal<py::object>(PyNumber_Index(number.ptr()));
  if (!whole) throw py::error_already_set();
  int overflow = 0;
  long long value = PyLong_AsLongLongAndOverflow(whole.ptr(), &overflow);
  check(overflow == 0, op, "a whole number of at most 64 bits is needed; got ",
        py::str(whole).cast<std::string>());
  return value;
}

void fill_number(const Tensor& to, py::handle number) {
  if (to.dtype() == DType::int64 && PyIndex_Check(number.ptr()))
    return fill_whole(to, int64_of(number, "fill"));
  double value = PyFloat_AsDouble(number.ptr());
  if (value == -1 && PyErr_Occurred()) throw py::error_already_set();
  fill(to, value);
}

}  // namespace strate
