#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace lms {

/// A text of at most `capacity` bytes in place, with a NUL behind it, which can be kept as part of a file.
template <size_t capacity>
struct Text {
    char characters[capacity + 1] = {};

    /// False, and empty, where it does not fit.
    bool assign(std::string_view text) {
        // All of it, so that equal texts are equal bytes.
        std::memset(characters, 0, sizeof characters);
        if (text.size() > capacity) { return false; }
        if (!text.empty()) { std::memcpy(characters, text.data(), text.size()); }
        return true;
    }

    /// As much of it as fits, to the end of a UTF-8 sequence.
    void assignCut(std::string_view text) {
        if (text.size() > capacity) {
            size_t end = capacity;
            while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) { --end; }
            text = text.substr(0, end);
        }
        assign(text);
    }

    const char *c_str() const { return characters; }
    std::string_view view() const { return characters; }
    bool empty() const { return characters[0] == 0; }
};

}  // namespace lms
