#include "RecordRing.h"

#include <cstdio>
#include <cstring>

#include "Crc32.h"
#include "SealedFile.h"

namespace lms {

namespace {

constexpr uint32_t kMagic = 0x31524D4C;  // LMR1

struct SlotHeader {
    uint32_t magic;
    uint32_t sequence;
    uint32_t crc;
};

struct RecordHeader {
    uint32_t length;
    uint32_t crc;
};

uint32_t crcOf(uint32_t length, const void *bytes) { return crc32(bytes, length, crc32(&length, sizeof length)); }

}  // namespace

void RecordRing::open() {
    newest_ = 0;
    isTorn_ = false;
    sequences_ = {};
    for (uint32_t slot = 0; slot < shape_.slots; ++slot) {
        SlotHeader header;
        if (storage_.read(slotName(slot).data(), 0, &header, sizeof header) != sizeof header) { continue; }
        if (header.magic != kMagic || header.crc != crc32(&header, offsetof(SlotHeader, crc))) { continue; }
        if (header.sequence == 0 || header.sequence % shape_.slots != slot) { continue; }
        sequences_[slot] = header.sequence;
        if (header.sequence > newest_) { newest_ = header.sequence; }
    }
    taken_ = Taken();
    load(storage_, cursorName().data(), taken_);
    if (newest_ == 0) { return; }
    Position position = {newest_, sizeof(SlotHeader)};
    uint8_t record[kLongestRecord];
    for (size_t count = 0; readAt(position, record, count);) {
        position.offset += static_cast<uint32_t>(sizeof(RecordHeader) + count);
    }
    end_ = position.offset;
    isTorn_ = storage_.size(slotName(newest_).data()) != static_cast<long>(end_);
    if (!hasSlot(taken_.position.sequence)) { taken_.position = {following(0), sizeof(SlotHeader)}; }
}

bool RecordRing::append(const void *bytes, size_t count) {
    if (count == 0 || count > kLongestRecord) { return false; }
    const auto needed = static_cast<uint32_t>(sizeof(RecordHeader) + count);
    if (newest_ == 0 || isTorn_ || end_ + needed > shape_.slotSize) {
        if (!beginSlot()) { return false; }
    }
    uint8_t record[sizeof(RecordHeader) + kLongestRecord];
    const RecordHeader header = {static_cast<uint32_t>(count), crcOf(static_cast<uint32_t>(count), bytes)};
    std::memcpy(record, &header, sizeof header);
    std::memcpy(record + sizeof header, bytes, count);
    if (!storage_.append(slotName(newest_).data(), record, needed)) {
        isTorn_ = true;
        return false;
    }
    end_ += needed;
    return true;
}

/// Begins a file, in the place of the oldest where there are as many as may be.
bool RecordRing::beginSlot() {
    const uint32_t sequence = newest_ + 1;
    discard(sequences_[sequence % shape_.slots]);
    const Name name = slotName(sequence);
    // What a loss of power has left of one.
    storage_.remove(name.data());
    SlotHeader header = {kMagic, sequence, 0};
    header.crc = crc32(&header, offsetof(SlotHeader, crc));
    if (!storage_.append(name.data(), &header, sizeof header)) { return false; }
    sequences_[sequence % shape_.slots] = sequence;
    newest_ = sequence;
    end_ = sizeof header;
    isTorn_ = false;
    if (!hasSlot(taken_.position.sequence)) { taken_.position = {following(0), sizeof(SlotHeader)}; }
    return true;
}

/// Removes a file, and counts what in it had not been taken.
void RecordRing::discard(uint32_t sequence) {
    if (!hasSlot(sequence)) { return; }
    if (taken_.position.sequence <= sequence) {
        const bool isBegun = taken_.position.sequence == sequence;
        taken_.dropped += countFrom({sequence, isBegun ? taken_.position.offset : uint32_t{sizeof(SlotHeader)}});
        taken_.position = {following(sequence), sizeof(SlotHeader)};
        save(storage_, cursorName().data(), taken_);
    }
    sequences_[sequence % shape_.slots] = 0;
    storage_.remove(slotName(sequence).data());
}

uint32_t RecordRing::countFrom(Position position) {
    uint8_t record[kLongestRecord];
    uint32_t records = 0;
    for (size_t count = 0; readAt(position, record, count); ++records) {
        position.offset += static_cast<uint32_t>(sizeof(RecordHeader) + count);
    }
    return records;
}

bool RecordRing::read(Position &position, uint8_t *bytes, size_t &count) {
    if (!hasSlot(position.sequence)) { return false; }
    while (!readAt(position, bytes, count)) {
        // The end of the file, or what a loss of power has left of a record.
        const uint32_t next = following(position.sequence);
        if (next == 0) { return false; }
        position = {next, sizeof(SlotHeader)};
    }
    position.offset += static_cast<uint32_t>(sizeof(RecordHeader) + count);
    return true;
}

bool RecordRing::readAt(Position position, uint8_t *bytes, size_t &count) {
    uint8_t record[sizeof(RecordHeader) + kLongestRecord];
    const size_t there = storage_.read(slotName(position.sequence).data(), position.offset, record, sizeof record);
    RecordHeader header;
    if (there < sizeof header) { return false; }
    std::memcpy(&header, record, sizeof header);
    if (header.length == 0 || header.length > there - sizeof header) { return false; }
    if (header.crc != crcOf(header.length, record + sizeof header)) { return false; }
    std::memcpy(bytes, record + sizeof header, header.length);
    count = header.length;
    return true;
}

void RecordRing::take(Position position) {
    if (!hasSlot(position.sequence) || position == taken_.position) { return; }
    taken_.position = position;
    save(storage_, cursorName().data(), taken_);
    for (uint32_t slot = 0; slot < shape_.slots; ++slot) {
        if (sequences_[slot] < position.sequence) { discard(sequences_[slot]); }
    }
}

bool RecordRing::isEmpty() {
    Position position = begin();
    uint8_t record[kLongestRecord];
    size_t count = 0;
    return !read(position, record, count);
}

/// The file behind that with this number; 0 where there is none.
uint32_t RecordRing::following(uint32_t sequence) const {
    uint32_t best = 0;
    for (uint32_t slot = 0; slot < shape_.slots; ++slot) {
        const uint32_t candidate = sequences_[slot];
        if (candidate > sequence && (best == 0 || candidate < best)) { best = candidate; }
    }
    return best;
}

RecordRing::Name RecordRing::slotName(uint32_t sequence) const {
    Name name = {};
    std::snprintf(name.data(), name.size(), "%s.%u", shape_.name, static_cast<unsigned>(sequence % shape_.slots));
    return name;
}

RecordRing::Name RecordRing::cursorName() const {
    Name name = {};
    std::snprintf(name.data(), name.size(), "%s.at", shape_.name);
    return name;
}

}  // namespace lms
