#include "bind/index.h"

namespace strate {
namespace {

// What is left of a tensor while its index is read from the left.
struct View {
  const Tensor& source;
  int axis = 0;
  int64_t offset = 0;
  Shape shape, strides;

  void keep(int axes) {
    for (; axes > 0; axes--, axis++) {
      shape.append(source.shape()[axis]);
      strides.append(source.strides()[axis]);
    }
  }

  void pick(int64_t place) {
    int64_t size = source.shape()[axis];
    if (place < -size || place >= size)
      fail_index("tensor", "index ", place, " is out of range for axis ", axis, " of shape=", source.shape());
    offset += (place < 0 ? place + size : place) * source.strides()[axis++];
  }

  void slice(py::handle slice) {
    py::ssize_t start, stop, step;
    if (PySlice_Unpack(slice.ptr(), &start, &stop, &step) < 0) throw py::error_already_set();
    int64_t count = PySlice_AdjustIndices(source.shape()[axis], &start, &stop, step);
    if (count > 0) offset += start * source.strides()[axis];
    shape.append(count);
    strides.append(source.strides()[axis++] * step);
  }
};

int64_t place_of(py::handle index) {
  py::ssize_t place = PyNumber_AsSsize_t(index.ptr(), PyExc_IndexError);
  if (place == -1 && PyErr_Occurred()) throw py::error_already_set();
  return place;
}

}  // namespace

Tensor indexed(const Tensor& t, py::object index) {
  py::tuple parts = py::isinstance<py::tuple>(index) ? py::tuple(index) : py::make_tuple(index);
  int given = 0;
  for (py::handle part : parts) given += !part.is(py::ellipsis());
  if (given > t.rank()) fail_index("tensor", "too many indices: ", given, " for shape=", t.shape());
  View view{t, 0, 0, {}, {}};
  bool open = false;
  for (py::handle part : parts) {
    if (part.is(py::ellipsis())) {
      if (open) fail_index("tensor", "an index has at most one ellipsis");
      open = true;
      view.keep(t.rank() - given);
    } else if (PySlice_Check(part.ptr())) {
      view.slice(part);
    } else if (PyIndex_Check(part.ptr()) && !PyBool_Check(part.ptr())) {
      view.pick(place_of(part));
    } else {
      fail_type("tensor", "an index is an integer, a slice or an ellipsis; got ",
                py::repr(part).cast<std::string>(), " (use .numpy() for other indexing)");
    }
  }
  view.keep(t.rank() - view.axis);
  return t.view(view.offset, view.shape, view.strides);
}

Shape axes_of(Shape axes, int rank) {
  bool seen[max_rank] = {};
  bool good = axes.rank == rank;
  for (int i = 0; good && i < rank; i++) {
    if (axes[i] < 0) axes[i] += rank;
    good = axes[i] >= 0 && axes[i] < rank && !seen[axes[i]];
    if (good) seen[axes[i]] = true;
  }
  check(good, "transpose", "axes are a permutation of the tensor's ", rank, " axes; got ", axes);
  return axes;
}

Tensor transposed(const Tensor& t, const Shape& axes) {
  Shape order = axes_of(axes, t.rank());
  int list[max_rank];
  for (int i = 0; i < order.rank; i++) list[i] = int(order[i]);
  return t.transpose(list);
}

}  // namespace strate
