// Device memory is host memory that ASan lets nobody touch except while a stream works.
#pragma once

namespace executor {

// While one lives, device memory may be touched.
struct DeviceAccess {
  DeviceAccess();
  ~DeviceAccess();
  DeviceAccess(const DeviceAccess&) = delete;
};

}  // namespace executor
