#include "JsonWriter.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace lms {

namespace {

/// How many bytes the UTF-8 sequence has with which `text` begins; 0 where it begins with none (RFC 3629, section 4).
size_t sequenceLength(std::string_view text) {
    const auto at = [&](size_t index) { return index < text.size() ? static_cast<uint8_t>(text[index]) : 0; };
    const auto follows = [&](size_t index) { return (at(index) & 0xC0) == 0x80; };
    const unsigned lead = at(0);
    if (lead < 0x80) { return 1; }
    if (lead >= 0xC2 && lead < 0xE0) { return follows(1) ? 2 : 0; }
    if (lead >= 0xE0 && lead < 0xF0) {
        const bool isOverlong = lead == 0xE0 && at(1) < 0xA0, isSurrogate = lead == 0xED && at(1) >= 0xA0;
        return follows(1) && follows(2) && !isOverlong && !isSurrogate ? 3 : 0;
    }
    if (lead >= 0xF0 && lead < 0xF5) {
        const bool isOverlong = lead == 0xF0 && at(1) < 0x90, isBeyond = lead == 0xF4 && at(1) >= 0x90;
        return follows(1) && follows(2) && follows(3) && !isOverlong && !isBeyond ? 4 : 0;
    }
    return 0;
}

}  // namespace

void JsonWriter::put(std::string_view bytes) {
    if (!isOK_ || bytes.size() > room()) {
        isOK_ = false;
        return;
    }
    if (!bytes.empty()) { std::memcpy(buffer_ + length_, bytes.data(), bytes.size()); }
    length_ += bytes.size();
}

void JsonWriter::separate() {
    if (needsComma_) { put(','); }
    needsComma_ = true;
}

JsonWriter &JsonWriter::open(char bracket) {
    separate();
    put(bracket);
    needsComma_ = false;
    return *this;
}

JsonWriter &JsonWriter::close(char bracket) {
    put(bracket);
    needsComma_ = true;
    return *this;
}

JsonWriter &JsonWriter::key(std::string_view name) {
    separate();
    quoted(name);
    put(':');
    needsComma_ = false;
    return *this;
}

JsonWriter &JsonWriter::string(std::string_view text) {
    separate();
    quoted(text);
    return *this;
}

void JsonWriter::quoted(std::string_view text) {
    put('"');
    while (!text.empty()) {
        const auto byte = static_cast<uint8_t>(text[0]);
        const size_t length = sequenceLength(text);
        if (length == 0) {
            put('?');
        } else if (byte == '"' || byte == '\\') {
            put('\\');
            put(text[0]);
        } else if (byte < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(byte));
            put(std::string_view(escape));
        } else {
            put(text.substr(0, length));
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    put('"');
}

JsonWriter &JsonWriter::number(double value) {
    if (!std::isfinite(value)) { return null(); }
    char digits[32];
    for (int precision : {7, 15, 17}) {
        std::snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (std::strtod(digits, nullptr) == value) { break; }
    }
    return raw(digits);
}

JsonWriter &JsonWriter::integer(int64_t value) {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%lld", static_cast<long long>(value));
    return raw(digits);
}

JsonWriter &JsonWriter::raw(std::string_view json) {
    separate();
    put(json);
    return *this;
}

}  // namespace lms
