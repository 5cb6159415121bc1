"""DLPack capsules written by hand with ctypes, in the versioned and the legacy form."""

from __future__ import annotations

import ctypes

import numpy as np

CPU, CUDA, CUDA_HOST, OPENCL = 1, 2, 3, 4
FLOAT, UNSIGNED = 2, 1
LEGACY, VERSIONED = b"dltensor", b"dltensor_versioned"

_new = ctypes.pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_name = ctypes.pythonapi.PyCapsule_GetName
_name.restype, _name.argtypes = ctypes.c_char_p, [ctypes.py_object]
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]

Deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Array(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class Managed(ctypes.Structure):
    _fields_ = (("array", Array), ("context", ctypes.c_void_p), ("deleter", Deleter))


class ManagedVersioned(ctypes.Structure):
    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", Deleter),
        ("flags", ctypes.c_uint64),
        ("array", Array),
    )


def name_of(capsule) -> bytes:
    return _name(capsule)


def flags_of(capsule) -> int:
    """The flags of a versioned capsule: 1 read-only, 2 copied."""
    return ManagedVersioned.from_address(_pointer(capsule, VERSIONED)).flags


def numbers(values):
    return (ctypes.c_int64 * len(values))(*values)


class Source:
    """An object that exports one capsule, made of an array and of whatever a test wants to say about it."""

    def __init__(
        self,
        array: np.ndarray,
        versioned: bool,
        *,
        shape=None,
        strides=None,
        byte_offset=0,
        device=CPU,
        device_id=0,
        reported_device=CPU,
        dtype=None,
        flags=0,
        version=(1, 0),
    ):
        self.array, self.versioned, self.reported_device = array, versioned, reported_device
        self.deleted, self.asked = 0, False
        self.shape = numbers(array.shape if shape is None else shape)
        self.strides = None if strides is None else numbers(strides)
        self.deleter = Deleter(self._delete)
        code, bits, lanes = dtype or (FLOAT, 8 * array.itemsize, 1)
        place = (array.ctypes.data, device, device_id, len(self.shape))
        about = Array(*place, code, bits, lanes, self.shape, self.strides, byte_offset)
        if versioned:
            self.managed = ManagedVersioned(*version, None, self.deleter, flags, about)
        else:
            self.managed = Managed(about, None, self.deleter)
        self.capsule = _new(ctypes.addressof(self.managed), VERSIONED if versioned else LEGACY, None)

    @staticmethod
    def of_capsule(capsule):
        """An object that exports this capsule."""

        class Exporter:
            def __dlpack__(self, **arguments):
                return capsule

        return Exporter()

    def _delete(self, managed) -> None:
        self.deleted += 1

    def name(self) -> bytes:
        return name_of(self.capsule)

    def __dlpack__(self, **arguments):
        self.asked = True
        if not self.versioned and arguments:
            raise TypeError("__dlpack__() got an unexpected keyword argument 'max_version'")
        return self.capsule

    def __dlpack_device__(self):
        return self.reported_device, 0
