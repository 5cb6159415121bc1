// Where memory lives. One table per device holds what a tensor needs of it; a device that is unavailable
// raises the reason when its table is asked for, so every path to it gives the same error.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace strate {

enum class Device : uint8_t { cpu, cuda };

const char* device_name(Device);
Device device_of_name(const std::string& name);  // throws a ValueError that lists the names

struct Storage;
using Flag = std::atomic<bool>;
struct DeviceTable {
  Storage* (*allocate)(int64_t bytes);
  void (*copy)(void* to, const void* from, int64_t bytes);
};

Flag* device_flag(Storage*);              // in the memory of its device
const DeviceTable& device_table(Device);  // throws DeviceError where the device is unavailable

}  // namespace strate
