// DLPack both ways. A source that may be read-only is imported as read-only: its memory is never written.
#include "bind/dlpack.h"

#include <cstring>

#include "bind/bind.h"
#include "core/cuda.h"
#include "core/recording.h"

namespace strate {
namespace {

using namespace py::literals;

struct NamedType {
  dlpack::DataType code;
  DType dtype;
};
constexpr NamedType types[] = {
    {{dlpack::real, 32, 1}, DType::float32},          {{dlpack::real, 64, 1}, DType::float64},
    {{dlpack::signed_integer, 32, 1}, DType::int32},  {{dlpack::signed_integer, 64, 1}, DType::int64},
    {{dlpack::unsigned_integer, 8, 1}, DType::uint8}, {{dlpack::boolean, 8, 1}, DType::boolean},
    {{dlpack::bfloat, 16, 1}, DType::bfloat16},
};

dlpack::DataType code_of(DType d) {
  for (const auto& t : types)
    if (t.dtype == d) return t.code;
  fail_type("dlpack", "no code for ", dtype_name(d));
}

DType dtype_of_code(dlpack::DataType code) {
  for (const auto& t : types)
    if (t.code.code == code.code && t.code.bits == code.bits && t.code.lanes == code.lanes) return t.dtype;
  fail_type("dlpack",
            "float32, float64, int32, int64, uint8, bool and, on a device, bfloat16 are understood; got type "
            "code ",
            int(code.code), " with ", int(code.bits), " bits");
}

dlpack::Device device_of(const Tensor& t) {
  return {t.device() == Device::cuda ? dlpack::cuda : dlpack::cpu, 0};
}

// Which of ours a device of DLPack is.
Device device_of_code(int type, int id) {
  if (type == dlpack::cpu || type == dlpack::cuda_host) return Device::cpu;
  if (type != dlpack::cuda || id != 0)
    fail_value("dlpack", "memory on the cpu or the first CUDA device is needed; got device type ", type,
               ", number ", id);
  device_table(Device::cuda);
  return Device::cuda;
}

// ---- export: what a capsule owns is a copy of the tensor's view, which keeps its memory

template <class M> struct Exported {
  Tensor tensor;
  int64_t shape[max_rank], strides[max_rank];
  M managed;
};

template <class M> py::capsule capsule_of(const Tensor& t, bool copied, const char* name) {
  auto* e = new Exported<M>{t, {}, {}, {}};
  for (int i = 0; i < t.rank(); i++) {
    e->shape[i] = t.shape()[i];
    e->strides[i] = t.strides()[i];
  }
  e->managed.array = {t.raw(), device_of(t), t.rank(), code_of(t.dtype()), e->shape, e->strides, 0};
  e->managed.context = e;
  e->managed.deleter = [](M* m) { delete static_cast<Exported<M>*>(m->context); };
  if constexpr (std::is_same_v<M, dlpack::ManagedVersioned>) {
    e->managed.version = {1, 0};
    e->managed.flags = (t.read_only() ? dlpack::flag_read_only : 0) | (copied ? dlpack::flag_copied : 0);
  }
  // A consumer renames the capsule and calls the deleter itself; one that nobody consumed is released here.
  return py::capsule(&e->managed, name, [](PyObject* capsule) {
    const char* fresh = std::is_same_v<M, dlpack::Managed> ? dlpack::legacy_name : dlpack::versioned_name;
    if (!PyCapsule_IsValid(capsule, fresh)) return;
    auto* m = static_cast<M*>(PyCapsule_GetPointer(capsule, fresh));
    m->deleter(m);
  });
}

py::capsule export_tensor(const Tensor& t, py::object stream, py::object max_version, py::object dl_device,
                          py::object copy) {
  Recording::notice_host();
  if (t.device() == Device::cuda) {
    // Whatever stream the consumer works on, the memory is ready for it; -1 says that it needs nothing.
    if (stream.is_none() || stream.cast<int64_t>() != -1) cuda_runtime().synchronize();
  } else if (!stream.is_none()) {
    fail_value("dlpack",
               "a tensor on the cpu has no stream; got stream=", py::repr(stream).cast<std::string>());
  }
  if (!dl_device.is_none()) {
    auto device = dl_device.cast<std::pair<int, int>>();
    if (device.first != device_of(t).type || device.second != 0) {
      PyErr_SetString(PyExc_BufferError, text("[dlpack] the tensor is on the ", device_name(t.device()),
                                              "; got dl_device=(", device.first, ", ", device.second, ")")
                                             .c_str());
      throw py::error_already_set();
    }
  }
  bool copied = !copy.is_none() && copy.cast<bool>();
  Tensor source = copied ? cloned(t) : t;
  if (!max_version.is_none() && max_version.cast<std::pair<int, int>>().first >= 1)
    return capsule_of<dlpack::ManagedVersioned>(source, copied, dlpack::versioned_name);
  if (source.read_only()) {
    PyErr_SetString(
        PyExc_BufferError,
        "[dlpack] a read-only tensor cannot be passed in the legacy form, which has no place to say so");
    throw py::error_already_set();
  }
  return capsule_of<dlpack::Managed>(source, copied, dlpack::legacy_name);
}

// ---- import

template <class M> void release_managed(Storage* storage) {
  py::gil_scoped_acquire gil;
  auto* m = static_cast<M*>(storage->owner);
  if (m->deleter) m->deleter(m);
  delete storage;
}

template <class M> Tensor import_managed(M* m, bool read_only) {
  const dlpack::Array& a = m->array;
  const Device device = device_of_code(a.device.type, a.device.id);
  DType dtype = dtype_of_code(a.dtype);
  if (dtype == DType::bfloat16 && device == Device::cpu)
    fail_type("dlpack", "bfloat16 is stored on a device alone; got it on the cpu");
  Shape shape;
  for (int i = 0; i < a.rank; i++) shape.append(a.shape[i]);
  for (int i = 0; i < a.rank; i++) check(shape[i] >= 0, "dlpack", "sizes are 0 or more; got shape=", shape);
  Shape strides = shape.row_major();
  for (int i = 0; a.strides && i < a.rank; i++) strides[i] = a.strides[i];
  char* data = static_cast<char*>(a.data) + a.byte_offset;
  check(reinterpret_cast<uintptr_t>(data) % size_t(item_size(dtype)) == 0, "dlpack",
        "memory aligned to its element type is needed; got ", dtype_name(dtype), " at an odd address");
  int64_t bytes = checked_multiply(shape.count(), item_size(dtype), "dlpack");
  auto* storage = new Storage;
  storage->data = data;
  storage->bytes = bytes;
  storage->device = device;
  storage->release = release_managed<M>;
  storage->owner = m;
  return Tensor(storage, 0, dtype, shape, strides, read_only);
}

Tensor import_capsule(py::handle capsule) {
  PyObject* c = capsule.ptr();
  if (PyCapsule_IsValid(c, dlpack::versioned_name)) {
    auto* m = static_cast<dlpack::ManagedVersioned*>(PyCapsule_GetPointer(c, dlpack::versioned_name));
    if (m->version.major > 1)
      fail_value("dlpack", "version 1 is understood; got ", m->version.major, ".", m->version.minor);
    Tensor t = import_managed(m, (m->flags & dlpack::flag_read_only) != 0);
    PyCapsule_SetName(c, dlpack::versioned_used);
    return t;
  }
  if (PyCapsule_IsValid(c, dlpack::legacy_name)) {
    auto* m = static_cast<dlpack::Managed*>(PyCapsule_GetPointer(c, dlpack::legacy_name));
    Tensor t = import_managed(m, true);  // the legacy form does not say whether the source may be written
    PyCapsule_SetName(c, dlpack::legacy_used);
    return t;
  }
  fail_value("dlpack", "the capsule was used before, or is not a DLPack one");
}

Tensor import_object(py::object source) {
  if (!py::hasattr(source, "__dlpack__"))
    fail_type("dlpack", "an object with __dlpack__ is needed; got ",
              py::repr(py::type::of(source)).cast<std::string>());
  bool on_cuda = false;
  if (py::hasattr(source, "__dlpack_device__")) {
    const auto device = source.attr("__dlpack_device__")().cast<std::pair<int, int>>();
    on_cuda = device_of_code(device.first, device.second) == Device::cuda;
  }
  py::dict stream;
  if (on_cuda) stream["stream"] = cuda_runtime().stream();  // whoever made it has it ready for our work there
  try {
    return import_capsule(source.attr("__dlpack__")("max_version"_a = py::make_tuple(1, 0), **stream));
  } catch (py::error_already_set& e) {
    if (!e.matches(PyExc_TypeError)) throw;  // a library from before versions does not know the argument
  }
  return import_capsule(source.attr("__dlpack__")(**stream));
}

}  // namespace

void bind_dlpack(py::module_& m) {
  auto tensor = py::reinterpret_borrow<py::class_<Tensor>>(m.attr("Tensor"));
  tensor.def("__dlpack__", export_tensor, py::kw_only(), "stream"_a = py::none(),
             "max_version"_a = py::none(), "dl_device"_a = py::none(), "copy"_a = py::none());
  tensor.def("__dlpack_device__", [](const Tensor& t) { return py::make_tuple(int(device_of(t).type), 0); });
  m.def("from_dlpack", import_object, "source"_a);
}

}  // namespace strate
