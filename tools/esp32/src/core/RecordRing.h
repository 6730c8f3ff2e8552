#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "Storage.h"

namespace lms {

/// Records in flash, first in, first out, in a fixed number of files of bounded size. When they are full the oldest
/// file goes, and what in it had not been taken is counted as dropped.
///
/// A file is only ever appended to. Each record has its length and CRC before it, so that one that was cut off by a
/// loss of power is noticed; nothing is written behind it. A record for which `append` answered true survives whatever
/// happens then. One that was taken may be there again after a loss of power: taking is not exact, so that the receiver
/// must be able to take a record twice.
class RecordRing {
public:
    static constexpr size_t kMostSlots = 16;
    static constexpr size_t kLongestRecord = 512;

    struct Shape {
        /// At most 7 characters.
        const char *name;
        /// 2 to `kMostSlots`.
        uint8_t slots;
        /// Bytes of a file.
        uint32_t slotSize;
    };

    /// Before which record one is.
    struct Position {
        uint32_t sequence = 0;
        uint32_t offset = 0;

        bool operator==(const Position &other) const {
            return sequence == other.sequence && offset == other.offset;
        }
    };

    RecordRing(Storage &storage, Shape shape) : storage_(storage), shape_(shape) {}

    /// Finds what there is. To be called first.
    void open();

    /// False where the record is too long or the flash refuses it.
    bool append(const void *bytes, size_t count);

    /// The first record that has not been taken.
    Position begin() const { return taken_.position; }

    /// Copies the record at `position`, which moves behind it, to `bytes`, which has room for `kLongestRecord`.
    ///
    /// False where there is none, or none any more.
    bool read(Position &position, uint8_t *bytes, size_t &count);

    /// Takes all records before `position`.
    void take(Position position);

    bool isEmpty();

    /// How many records were dropped since the ring was made.
    uint32_t dropped() const { return taken_.dropped; }

private:
    using Name = std::array<char, 16>;

    struct Taken {
        uint32_t layout = 1;
        uint32_t dropped = 0;
        Position position;
    };

    Name slotName(uint32_t sequence) const;
    Name cursorName() const;
    bool hasSlot(uint32_t sequence) const { return sequence != 0 && sequences_[sequence % shape_.slots] == sequence; }
    bool beginSlot();
    void discard(uint32_t sequence);
    uint32_t countFrom(Position position);
    uint32_t following(uint32_t sequence) const;
    bool readAt(Position position, uint8_t *bytes, size_t &count);

    Storage &storage_;
    const Shape shape_;
    /// The sequence number of each slot's file; 0 of none.
    std::array<uint32_t, kMostSlots> sequences_ = {};
    uint32_t newest_ = 0;
    /// Where the newest file ends.
    uint32_t end_ = 0;
    /// Whether something may be behind the end.
    bool isTorn_ = false;
    Taken taken_;
};

}  // namespace lms
