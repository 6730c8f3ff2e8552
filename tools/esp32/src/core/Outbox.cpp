#include "Outbox.h"

#include <cstdio>
#include <cstring>

namespace lms {

namespace {

/// Before the members of an entry.
struct EntryHeader {
    int64_t ms;
    uint32_t boot;
    uint32_t isTimed;
};

/// Members that tell the time, with what else an entry costs.
constexpr size_t kOverhead = 64;

}  // namespace

bool Outbox::add(const Moment &moment, std::string_view members) {
    uint8_t record[RecordRing::kLongestRecord];
    const EntryHeader header = {moment.ms, moment.boot, moment.isTimed ? 1u : 0u};
    if (members.empty() || sizeof header + members.size() > sizeof record) { return false; }
    std::memcpy(record, &header, sizeof header);
    std::memcpy(record + sizeof header, members.data(), members.size());
    return ring_.append(record, sizeof header + members.size());
}

/// Writes as many entries as make a batch.
Outbox::Batch Outbox::fill(JsonWriter &writer) {
    Batch batch = {ring_.begin(), 0, 0, false};
    const int most = alone_ > 0 ? 1 : kMostInBatch;
    writer.beginObject().key(kind_.list).beginArray();
    uint8_t record[RecordRing::kLongestRecord];
    size_t count = 0;
    for (RecordRing::Position next = batch.end; batch.entries < most && ring_.read(next, record, count);) {
        EntryHeader header;
        // Nothing else writes such a record.
        if (count < sizeof header) { break; }
        std::memcpy(&header, record, sizeof header);
        const std::string_view members(reinterpret_cast<const char *>(record) + sizeof header, count - sizeof header);
        const Moment moment = {header.ms, header.boot, header.isTimed != 0};
        const auto time = clock_.time(moment);
        if (!time && !clock_.isLost(moment)) { break; }
        if (!time && !kind_.takesUntimed) {
            ++batch.lost;
            batch.end = next;
            continue;
        }
        if (writer.room() < members.size() + kOverhead) { break; }
        // One without a time goes alone, so that its request is the same when it is sent again.
        if (!time && batch.entries > 0) { break; }
        writer.beginObject();
        if (time) { writer.member("timestamp", clock_.text(moment).data()); }
        writer.raw(members).endObject();
        ++batch.entries;
        batch.end = next;
        batch.isUntimed = !time;
        if (batch.isUntimed) { break; }
    }
    writer.endArray().endObject();
    return batch;
}

bool Outbox::step() {
    if (!link_.isOpen(gate_)) { return false; }
    JsonWriter writer = link_.writer();
    const Batch batch = fill(writer);
    if (batch.entries == 0) {
        rejected_ += static_cast<uint32_t>(batch.lost);
        if (batch.lost > 0) { ring_.take(batch.end); }
        return batch.lost > 0;
    }
    Request request;
    request.method = "POST";
    request.path = link_.path(kind_.path);
    request.body = writer.text();
    char key[64];
    if (batch.isUntimed) {
        const auto [sequence, offset] = ring_.begin();
        std::snprintf(
            key, sizeof key, "%s-%u-%u", kind_.list, static_cast<unsigned>(sequence), static_cast<unsigned>(offset));
        request.idempotencyKey = key;
    }
    finish(batch, link_.send(request, gate_));
    return true;
}

/// What is answered is taken out. What will never be taken is tried one by one, so that only what is wrong is lost.
void Outbox::finish(const Batch &batch, const Answer &answer) {
    switch (answer.verdict) {
        case Verdict::later: return;
        case Verdict::done: {
            const JsonView faults = answer.json()["rejected"];
            for (int index = 0; faults[index].exists(); ++index) { ++rejected_; }
            break;
        }
        case Verdict::conflict:
        case Verdict::never:
            if (batch.entries > 1) {
                alone_ = batch.entries;
                return;
            }
            ++rejected_;
            break;
    }
    if (alone_ > 0) { --alone_; }
    rejected_ += static_cast<uint32_t>(batch.lost);
    ring_.take(batch.end);
}

}  // namespace lms
