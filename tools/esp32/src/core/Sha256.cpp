#include "Sha256.h"

#include <cstring>

namespace lms {

namespace {

constexpr uint32_t kRounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t rotated(uint32_t word, int bits) { return (word >> bits) | (word << (32 - bits)); }

int digitValue(char digit) {
    if (digit >= '0' && digit <= '9') { return digit - '0'; }
    if (digit >= 'a' && digit <= 'f') { return digit - 'a' + 10; }
    if (digit >= 'A' && digit <= 'F') { return digit - 'A' + 10; }
    return -1;
}

}  // namespace

void Sha256::block(const uint8_t *bytes) {
    uint32_t schedule[64];
    for (int index = 0; index < 16; ++index) {
        schedule[index] = 0;
        for (int byte = 0; byte < 4; ++byte) { schedule[index] = schedule[index] << 8 | bytes[4 * index + byte]; }
    }
    for (int index = 16; index < 64; ++index) {
        const uint32_t early = schedule[index - 15], late = schedule[index - 2];
        schedule[index] = schedule[index - 16] + (rotated(early, 7) ^ rotated(early, 18) ^ (early >> 3)) +
                          schedule[index - 7] + (rotated(late, 17) ^ rotated(late, 19) ^ (late >> 10));
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (int index = 0; index < 64; ++index) {
        const uint32_t first = h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & f) ^ (~e & g)) +
                               kRounds[index] + schedule[index];
        const uint32_t second = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    const uint32_t words[8] = {a, b, c, d, e, f, g, h};
    for (size_t index = 0; index < state_.size(); ++index) { state_[index] += words[index]; }
}

void Sha256::update(const void *bytes, size_t count) {
    const auto *next = static_cast<const uint8_t *>(bytes);
    for (size_t index = 0; index < count; ++index) {
        pending_[count_++ % 64] = next[index];
        if (count_ % 64 == 0) { block(pending_.data()); }
    }
}

Digest Sha256::finish() {
    const uint64_t bits = count_ * 8;
    const uint8_t one = 0x80, zero = 0;
    update(&one, 1);
    while (count_ % 64 != 56) { update(&zero, 1); }
    uint8_t length[8];
    for (int index = 0; index < 8; ++index) { length[index] = static_cast<uint8_t>(bits >> (56 - 8 * index)); }
    update(length, sizeof length);
    Digest digest;
    for (size_t index = 0; index < digest.size(); ++index) {
        digest[index] = static_cast<uint8_t>(state_[index / 4] >> (24 - 8 * (index % 4)));
    }
    return digest;
}

bool parseDigest(std::string_view text, Digest &digest) {
    if (text.size() != 2 * digest.size()) { return false; }
    for (size_t index = 0; index < digest.size(); ++index) {
        const int high = digitValue(text[2 * index]), low = digitValue(text[2 * index + 1]);
        if (high < 0 || low < 0) { return false; }
        digest[index] = static_cast<uint8_t>(high << 4 | low);
    }
    return true;
}

std::array<char, 65> digestText(const Digest &digest) {
    std::array<char, 65> text = {};
    for (size_t index = 0; index < digest.size(); ++index) {
        text[2 * index] = "0123456789abcdef"[digest[index] >> 4];
        text[2 * index + 1] = "0123456789abcdef"[digest[index] & 15];
    }
    return text;
}

}  // namespace lms
