#pragma once

#include <cstring>

#include "FirmwareSlot.h"
#include "Transport.h"

namespace lms {

/// Writes a part of an image into the other slot, in blocks, as flash likes it best.
class SlotSink : public BodySink {
public:
    SlotSink(FirmwareSlot &slot, uint32_t &offset, uint32_t end) : slot_(slot), offset_(offset), end_(end) {}

    void begin(int status) override { isPart_ = status == 206; }

    bool take(const uint8_t *bytes, size_t count) override {
        // What is said of an error is of no interest.
        if (!isPart_) { return false; }
        while (count > 0) {
            const size_t fitting = count < sizeof block_ - length_ ? count : sizeof block_ - length_;
            std::memcpy(block_ + length_, bytes, fitting);
            length_ += fitting;
            bytes += fitting;
            count -= fitting;
            if (length_ == sizeof block_ && !flush()) { return false; }
        }
        return true;
    }

    bool flush() {
        if (length_ == 0) { return true; }
        isBroken_ = isBroken_ || length_ > end_ - offset_ || !slot_.write(offset_, block_, length_);
        if (!isBroken_) { offset_ += static_cast<uint32_t>(length_); }
        length_ = 0;
        return !isBroken_;
    }

    /// Whether more came than was asked for, or the flash did not take it.
    bool isBroken() const { return isBroken_; }

private:
    FirmwareSlot &slot_;
    uint32_t &offset_;
    const uint32_t end_;
    uint8_t block_[512];
    size_t length_ = 0;
    bool isPart_ = false;
    bool isBroken_ = false;
};

}  // namespace lms
