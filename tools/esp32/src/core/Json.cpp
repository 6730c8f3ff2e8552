#include "Json.h"

#include <cctype>
#include <cstdlib>
#include <cstring>

namespace lms {

namespace {

/// Reads forward through a text; every function answers false, or nothing, where it is not as it must be.
class Scanner {
public:
    explicit Scanner(std::string_view text) : next_(text.data()), end_(text.data() + text.size()) {}

    bool isAtEnd() const { return next_ == end_; }
    const char *position() const { return next_; }

    std::string_view rest() const { return {next_, static_cast<size_t>(end_ - next_)}; }

    void skipSpace() {
        while (next_ != end_ && std::strchr(" \t\r\n", *next_) != nullptr && *next_ != 0) { ++next_; }
    }

    bool take(char character) {
        skipSpace();
        if (next_ == end_ || *next_ != character) { return false; }
        ++next_;
        return true;
    }

    char peek() {
        skipSpace();
        return next_ == end_ ? '\0' : *next_;
    }

    bool value(int depth) {
        if (depth > JsonView::kDeepest) { return false; }
        switch (peek()) {
            case '{': return object(depth);
            case '[': return array(depth);
            case '"': return string();
            case 't': return word("true");
            case 'f': return word("false");
            case 'n': return word("null");
            default: return number();
        }
    }

    bool string() {
        if (!take('"')) { return false; }
        while (next_ != end_) {
            const auto byte = static_cast<unsigned char>(*next_++);
            if (byte == '"') { return true; }
            if (byte < 0x20) { return false; }
            if (byte == '\\' && !escape()) { return false; }
        }
        return false;
    }

private:
    bool object(int depth) {
        take('{');
        if (take('}')) { return true; }
        do {
            if (!string() || !take(':') || !value(depth + 1)) { return false; }
        } while (take(','));
        return take('}');
    }

    bool array(int depth) {
        take('[');
        if (take(']')) { return true; }
        do {
            if (!value(depth + 1)) { return false; }
        } while (take(','));
        return take(']');
    }

    bool escape() {
        if (next_ == end_) { return false; }
        const char kind = *next_++;
        if (kind != 'u') { return kind != 0 && std::strchr("\"\\/bfnrt", kind) != nullptr; }
        for (int digit = 0; digit < 4; ++digit, ++next_) {
            if (next_ == end_ || std::isxdigit(static_cast<unsigned char>(*next_)) == 0) { return false; }
        }
        return true;
    }

    bool word(std::string_view word) {
        if (rest().substr(0, word.size()) != word) { return false; }
        next_ += word.size();
        return true;
    }

    bool digits() {
        const char *const start = next_;
        while (next_ != end_ && *next_ >= '0' && *next_ <= '9') { ++next_; }
        return next_ != start;
    }

    bool here(const char *characters) {
        if (next_ == end_ || *next_ == 0 || std::strchr(characters, *next_) == nullptr) { return false; }
        ++next_;
        return true;
    }

    bool number() {
        here("-");
        // No digit follows a leading zero.
        if (!here("0") && !digits()) { return false; }
        if (here(".") && !digits()) { return false; }
        if (here("eE")) {
            here("+-");
            return digits();
        }
        return true;
    }

    const char *next_;
    const char *end_;
};

uint32_t hexadecimal(const char *digits) {
    uint32_t value = 0;
    for (int index = 0; index < 4; ++index) {
        const char digit = digits[index];
        const int nibble = digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
        value = value << 4 | static_cast<uint32_t>(nibble);
    }
    return value;
}

/// Hands the bytes of a string, which is well-formed, to `take` one by one as UTF-8, until that answers false.
template <class Take>
bool forEachByte(std::string_view string, Take take) {
    const char *next = string.data() + 1;
    const char *const end = string.data() + string.size() - 1;
    while (next < end) {
        if (*next != '\\') {
            if (!take(*next++)) { return false; }
            continue;
        }
        const char kind = next[1];
        next += 2;
        if (kind != 'u') {
            static constexpr char kNames[] = "bfnrt", kMeanings[] = "\b\f\n\r\t";
            const char *const found = std::strchr(kNames, kind);
            if (!take(found != nullptr ? kMeanings[found - kNames] : kind)) { return false; }
            continue;
        }
        uint32_t scalar = hexadecimal(next);
        next += 4;
        const bool isHigh = scalar >= 0xD800 && scalar < 0xDC00;
        if (isHigh && end - next >= 6 && next[0] == '\\' && next[1] == 'u') {
            const uint32_t low = hexadecimal(next + 2);
            if (low >= 0xDC00 && low < 0xE000) {
                scalar = 0x10000 + ((scalar - 0xD800) << 10) + (low - 0xDC00);
                next += 6;
            }
        }
        // Half a pair stands for nothing.
        if (scalar >= 0xD800 && scalar < 0xE000) { scalar = 0xFFFD; }
        char bytes[4];
        int count = 0;
        if (scalar < 0x80) {
            bytes[count++] = static_cast<char>(scalar);
        } else {
            const int following = scalar < 0x800 ? 1 : scalar < 0x10000 ? 2 : 3;
            static constexpr uint8_t kLeads[] = {0, 0xC0, 0xE0, 0xF0};
            bytes[count++] = static_cast<char>(kLeads[following] | scalar >> (6 * following));
            for (int index = following - 1; index >= 0; --index) {
                bytes[count++] = static_cast<char>(0x80 | ((scalar >> (6 * index)) & 0x3F));
            }
        }
        for (int index = 0; index < count; ++index) {
            if (!take(bytes[index])) { return false; }
        }
    }
    return true;
}

bool isEqual(std::string_view string, std::string_view text) {
    size_t matched = 0;
    return forEachByte(string, [&](char byte) { return matched < text.size() && text[matched++] == byte; }) &&
           matched == text.size();
}

/// The value where `scanner` stands, which moves behind it. Where the end is missing it is all the rest.
std::string_view valueText(Scanner &scanner, bool &isWhole) {
    scanner.skipSpace();
    const std::string_view rest = scanner.rest();
    isWhole = scanner.value(0);
    return isWhole ? rest.substr(0, static_cast<size_t>(scanner.position() - rest.data())) : rest;
}

}  // namespace

JsonView JsonView::parse(std::string_view text) {
    Scanner scanner(text);
    bool isWhole = false;
    const JsonView value(valueText(scanner, isWhole));
    scanner.skipSpace();
    return isWhole && scanner.isAtEnd() ? value : JsonView();
}

JsonView JsonView::beginning(std::string_view text) {
    Scanner scanner(text);
    scanner.skipSpace();
    return JsonView(scanner.rest());
}

JsonView::Kind JsonView::kind() const {
    switch (text_.empty() ? '\0' : text_[0]) {
        case '\0': return Kind::none;
        case '{': return Kind::object;
        case '[': return Kind::array;
        case '"': return Kind::string;
        case 't':
        case 'f': return Kind::boolean;
        case 'n': return Kind::null;
        default: return Kind::number;
    }
}

JsonView JsonView::operator[](const char *name) const {
    Scanner scanner(text_);
    if (!scanner.take('{')) { return {}; }
    do {
        scanner.skipSpace();
        const std::string_view rest = scanner.rest();
        if (!scanner.string()) { return {}; }
        const std::string_view key = rest.substr(0, static_cast<size_t>(scanner.position() - rest.data()));
        if (!scanner.take(':')) { return {}; }
        bool isWhole = false;
        const std::string_view value = valueText(scanner, isWhole);
        if (isEqual(key, name)) { return JsonView(value); }
        if (!isWhole) { return {}; }
    } while (scanner.take(','));
    return {};
}

JsonView JsonView::operator[](int index) const {
    Scanner scanner(text_);
    if (!scanner.take('[') || scanner.peek() == ']') { return {}; }
    do {
        bool isWhole = false;
        const std::string_view value = valueText(scanner, isWhole);
        if (index-- == 0) { return JsonView(value); }
        if (!isWhole) { return {}; }
    } while (scanner.take(','));
    return {};
}

bool JsonView::copy(char *text, size_t capacity) const {
    text[0] = 0;
    Scanner scanner(text_);
    if (kind() != Kind::string || !scanner.string()) { return false; }
    size_t count = 0;
    const bool fits = forEachByte(text_, [&](char byte) {
        if (count + 1 >= capacity) { return false; }
        text[count++] = byte;
        return true;
    });
    text[fits ? count : 0] = 0;
    return fits;
}

bool JsonView::equals(std::string_view text) const {
    Scanner scanner(text_);
    return kind() == Kind::string && scanner.string() && isEqual(text_, text);
}

std::optional<double> JsonView::number() const {
    if (kind() != Kind::number || text_.size() > 63) { return std::nullopt; }
    // strtod needs an end.
    char digits[64] = {};
    std::memcpy(digits, text_.data(), text_.size());
    return std::strtod(digits, nullptr);
}

std::optional<int64_t> JsonView::integer() const {
    const auto value = number();
    // Beyond this a double is not every integer.
    if (!value || *value < -9007199254740992.0 || *value > 9007199254740992.0) { return std::nullopt; }
    const auto whole = static_cast<int64_t>(*value);
    return static_cast<double>(whole) == *value ? std::optional<int64_t>(whole) : std::nullopt;
}

std::optional<bool> JsonView::boolean() const {
    return kind() == Kind::boolean ? std::optional<bool>(text_[0] == 't') : std::nullopt;
}

}  // namespace lms
