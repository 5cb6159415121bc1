#include "core/device.h"

#include <cstring>

#include "core/allocator.h"
#include "core/check.h"

namespace strate {

const char* device_name(Device device) { return device == Device::cpu ? "cpu" : "cuda"; }

Device device_of_name(const std::string& name) {
  if (name == "cpu") return Device::cpu;
  if (name == "cuda") return Device::cuda;
  fail_value("device", "a device is 'cpu' or 'cuda'; got '", name, "'");
}

std::string cuda_unavailable() { return "this build has no CUDA kernels"; }

const DeviceTable& device_table(Device device) {
  static const DeviceTable cpu{allocate, [](void* to, const void* from, int64_t bytes) {
                                 if (bytes) std::memcpy(to, from, size_t(bytes));
                               }};
  if (device == Device::cpu) return cpu;
  throw DeviceError(cuda_unavailable());
}

}  // namespace strate
