#pragma once

#include <cstring>
#include <type_traits>

#include "Crc32.h"
#include "Storage.h"

namespace lms {

/// Keeps `value` as a file, with its CRC. What is not of the same layout any more counts as none: a value begins with a
/// number `layout` that changes whenever its members do.
template <class Value>
bool save(Storage &storage, const char *name, const Value &value) {
    static_assert(std::is_trivially_copyable_v<Value>);
    uint8_t bytes[sizeof(uint32_t) + sizeof(Value)];
    const uint32_t crc = crc32(&value, sizeof value);
    std::memcpy(bytes, &crc, sizeof crc);
    std::memcpy(bytes + sizeof crc, &value, sizeof value);
    return storage.replace(name, bytes, sizeof bytes);
}

/// Reads what `save` has kept; false, and `value` untouched, where there is none, or it is damaged.
template <class Value>
bool load(Storage &storage, const char *name, Value &value) {
    static_assert(std::is_trivially_copyable_v<Value>);
    uint8_t bytes[sizeof(uint32_t) + sizeof(Value)];
    if (storage.size(name) != static_cast<long>(sizeof bytes)) { return false; }
    if (storage.read(name, 0, bytes, sizeof bytes) != sizeof bytes) { return false; }
    uint32_t crc = 0;
    std::memcpy(&crc, bytes, sizeof crc);
    if (crc != crc32(bytes + sizeof crc, sizeof value)) { return false; }
    Value kept;
    std::memcpy(&kept, bytes + sizeof crc, sizeof kept);
    if (kept.layout != value.layout) { return false; }
    value = kept;
    return true;
}

}  // namespace lms
