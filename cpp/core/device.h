// Where memory lives. One table per device holds what a tensor needs of it; a device that this build lacks
// raises the reason when its table is asked for, so every path to it gives the same error.
#pragma once

#include <cstdint>
#include <string>

namespace strate {

enum class Device : uint8_t { cpu, cuda };

const char* device_name(Device);
Device device_of_name(const std::string& name);  // throws a ValueError that lists the names

struct Storage;
struct DeviceTable {
  Storage* (*allocate)(int64_t bytes);
  void (*copy)(void* to, const void* from, int64_t bytes);
};

const DeviceTable& device_table(Device);  // throws DeviceError where the device is unavailable
std::string cuda_unavailable();           // the reason, or empty

}  // namespace strate
