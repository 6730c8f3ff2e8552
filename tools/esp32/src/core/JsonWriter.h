#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lms {

/// Writes JSON into a buffer of somebody else's; commas come by themselves. What does not fit makes all of it void.
class JsonWriter {
public:
    JsonWriter(char *buffer, size_t capacity) : buffer_(buffer), capacity_(capacity) {}

    JsonWriter &beginObject() { return open('{'); }
    JsonWriter &endObject() { return close('}'); }
    JsonWriter &beginArray() { return open('['); }
    JsonWriter &endArray() { return close(']'); }
    JsonWriter &key(std::string_view name);

    /// Bytes that are no UTF-8 become question marks.
    JsonWriter &string(std::string_view text);
    /// Null where it is not finite. Written so that the same number is read again.
    JsonWriter &number(double value);
    JsonWriter &integer(int64_t value);
    JsonWriter &boolean(bool value) { return raw(value ? "true" : "false"); }
    JsonWriter &null() { return raw("null"); }
    /// A value, or members, that are JSON already.
    JsonWriter &raw(std::string_view json);

    JsonWriter &member(std::string_view name, std::string_view text) { return key(name).string(text); }

    /// Whether all of it fitted.
    bool isOK() const { return isOK_; }
    /// How many bytes are left.
    size_t room() const { return capacity_ - length_; }
    /// What was written; nothing where it did not fit.
    std::string_view text() const { return isOK_ ? std::string_view(buffer_, length_) : std::string_view(); }
    bool isEmpty() const { return length_ == 0; }

private:
    JsonWriter &open(char bracket);
    JsonWriter &close(char bracket);
    void separate();
    void put(char byte) { put({&byte, 1}); }
    void put(std::string_view bytes);
    void quoted(std::string_view text);

    char *buffer_;
    size_t capacity_;
    size_t length_ = 0;
    bool needsComma_ = false;
    bool isOK_ = true;
};

}  // namespace lms
