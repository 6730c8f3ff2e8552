#pragma once

#include <cstddef>
#include <cstdint>

namespace lms {

/// Files by name in flash. Names are short: a letter or two, perhaps a dot and a number.
class Storage {
public:
    virtual ~Storage() = default;

    /// Bytes; -1 where there is no such file.
    virtual long size(const char *name) = 0;

    /// How many bytes could be read from `offset` on; fewer than `count` at the end of the file.
    virtual size_t read(const char *name, size_t offset, void *bytes, size_t count) = 0;

    /// Writes at the end of the file, which is made if need be. When the power fails any part of it may be there.
    virtual bool append(const char *name, const void *bytes, size_t count) = 0;

    /// Puts a whole file in place of another, or nothing: when the power fails the earlier one is there still.
    virtual bool replace(const char *name, const void *bytes, size_t count) = 0;

    virtual bool remove(const char *name) = 0;
};

}  // namespace lms
