#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lms {

using Digest = std::array<uint8_t, 32>;

/// SHA-256 (FIPS 180-4, section 6.2).
class Sha256 {
public:
    void update(const void *bytes, size_t count);

    /// The digest of all that was given; nothing more can be given then.
    Digest finish();

private:
    void block(const uint8_t *bytes);

    std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<uint8_t, 64> pending_ = {};
    uint64_t count_ = 0;
};

/// Reads 64 hexadecimal digits; false for anything else.
bool parseDigest(std::string_view text, Digest &digest);

/// 64 hexadecimal digits in lower case and a NUL.
std::array<char, 65> digestText(const Digest &digest);

}  // namespace lms
