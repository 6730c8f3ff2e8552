#pragma once

#include <cstddef>
#include <cstdint>

namespace lms {

/// CRC-32 as in IEEE 802.3; with the value of what came before as `seed` it goes on from there.
uint32_t crc32(const void *bytes, size_t count, uint32_t seed = 0);

}  // namespace lms
