// Recordings of work on the CPU.
#include "core/recording.h"

#include "bind/bind.h"

namespace strate {

void bind_recording(py::module_& m) {
  py::class_<Recording>(m, "CpuRecording")
      .def(py::init())
      .def("end", &Recording::end)
      .def("replay", [](const Recording& r) { without_gil(r.seconds() * 1e9, [&] { r.replay(); }); })
      .def("spoil", &Recording::spoil)
      .def_property_readonly("whole", &Recording::whole)
      .def_property_readonly("calls", &Recording::calls)
      .def_property_readonly("nbytes", &Recording::bytes);
}

}  // namespace strate
