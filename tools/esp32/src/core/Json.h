#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lms {

/// A value in a JSON text (RFC 8259), read where it stands: nothing is copied or allocated.
///
/// What is not there is of the kind `none`, so that look-ups can be chained: `json["items"][0]["id"]`.
class JsonView {
public:
    enum class Kind { none, null, boolean, number, string, array, object };

    static constexpr int kDeepest = 32;

    JsonView() = default;

    /// The value that is the whole text; none where the text is not JSON, or deeper than `kDeepest` levels.
    static JsonView parse(std::string_view text);

    /// The value with which the text begins, of which the end may be missing. What stands before the gap can be found.
    static JsonView beginning(std::string_view text);

    Kind kind() const;
    bool exists() const { return kind() != Kind::none; }

    /// The member of an object with that name.
    JsonView operator[](const char *name) const;

    /// The element of an array at that place.
    JsonView operator[](int index) const;

    /// A copy of a string; false, and an empty one, where it is none or does not fit with a NUL behind it.
    bool copy(char *text, size_t capacity) const;

    bool equals(std::string_view text) const;

    std::optional<double> number() const;
    std::optional<int64_t> integer() const;
    std::optional<bool> boolean() const;

    /// As it is written.
    std::string_view text() const { return text_; }

private:
    explicit JsonView(std::string_view text) : text_(text) {}

    std::string_view text_;
};

}  // namespace lms
