#include "Crc32.h"

namespace lms {

uint32_t crc32(const void *bytes, size_t count, uint32_t seed) {
    const auto *next = static_cast<const uint8_t *>(bytes);
    uint32_t crc = ~seed;
    // Bit by bit: records are small, and a table would take a kilobyte.
    for (size_t index = 0; index < count; ++index) {
        crc ^= next[index];
        for (int bit = 0; bit < 8; ++bit) { crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0u); }
    }
    return ~crc;
}

}  // namespace lms
