// The DLPack structures (dmlc DLPack 1.x, an open exchange format), as its specification lays them out in
// memory: the versioned form, and the legacy one that older libraries pass.
#pragma once

#include <cstdint>

namespace strate::dlpack {

enum DeviceType : int32_t { cpu = 1, cuda = 2, cuda_host = 3 };
enum TypeCode : uint8_t { signed_integer = 0, unsigned_integer = 1, real = 2, bfloat = 4, boolean = 6 };

struct Device {
  int32_t type;
  int32_t id;
};

struct DataType {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};

struct Array {
  void* data;
  Device device;
  int32_t rank;
  DataType dtype;
  int64_t* shape;
  int64_t* strides;  // in elements; null means row-major
  uint64_t byte_offset;
};

struct Managed {
  Array array;
  void* context;
  void (*deleter)(Managed*);
};

struct Version {
  uint32_t major, minor;
};

constexpr uint64_t flag_read_only = 1, flag_copied = 2;

struct ManagedVersioned {
  Version version;
  void* context;
  void (*deleter)(ManagedVersioned*);
  uint64_t flags;
  Array array;
};

constexpr const char* legacy_name = "dltensor";
constexpr const char* legacy_used = "used_dltensor";
constexpr const char* versioned_name = "dltensor_versioned";
constexpr const char* versioned_used = "used_dltensor_versioned";

}  // namespace strate::dlpack
