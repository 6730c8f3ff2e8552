#pragma once

#include <cstddef>
#include <cstdint>

namespace lms {

/// The two places for firmware in flash, of which one runs.
class FirmwareSlot {
public:
    /// What is erased at once. Writing at a multiple of it erases what follows, up to the next.
    static constexpr size_t kSector = 4096;

    virtual ~FirmwareSlot() = default;

    /// A number of the slot that runs, and of the other one.
    virtual uint8_t running() = 0;
    virtual uint8_t other() = 0;

    /// Bytes that the other slot has room for.
    virtual size_t capacity() = 0;

    /// Into and out of the other slot. What was written is there after a restart.
    virtual bool write(size_t offset, const void *bytes, size_t count) = 0;
    virtual bool read(size_t offset, void *bytes, size_t count) = 0;

    /// Makes the other slot run from the next restart on; false where what is in it is no image for this board.
    virtual bool activate() = 0;

    /// The image that runs is good: the boot loader need not go back any more.
    virtual void confirm() = 0;

    /// Has the other slot run again, and restarts.
    virtual void rollBack() = 0;
};

}  // namespace lms
