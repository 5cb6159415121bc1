#include "core/device.h"

#include <cstring>

#include "core/check.h"
#include "core/cuda.h"

namespace strate {

const char* device_name(Device device) { return device == Device::cpu ? "cpu" : "cuda"; }

Device device_of_name(const std::string& name) {
  if (name == "cpu") return Device::cpu;
  if (name == "cuda") return Device::cuda;
  fail_value("device", "a device is 'cpu' or 'cuda'; got '", name, "'");
}

Flag* device_flag(Storage* storage) { return cuda_runtime().flag(storage); }

const DeviceTable& device_table(Device device) {
  static const DeviceTable cpu{allocate, [](void* to, const void* from, int64_t bytes) {
                                 if (bytes) std::memcpy(to, from, size_t(bytes));
                               }};
  if (device == Device::cpu) return cpu;
  static const DeviceTable cuda{cuda_runtime().allocate, cuda_runtime().copy};
  return cuda;
}

}  // namespace strate
