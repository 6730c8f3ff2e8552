#include "FirmwareUpdate.h"

#include <cstdio>
#include <cstring>

#include "SlotSink.h"

namespace lms {

void FirmwareUpdate::download() {
    if (offset_ == state_.offset) { reportProgress(); }
    const uint32_t left = state_.image.size - offset_;
    const uint32_t start = offset_, end = start + (left < options_.downloadPiece ? left : options_.downloadPiece);
    char range[48], tag[80], expected[32];
    std::snprintf(range, sizeof range, "bytes=%u-%u", static_cast<unsigned>(start), static_cast<unsigned>(end - 1));
    std::snprintf(expected, sizeof expected, "bytes %u-", static_cast<unsigned>(start));
    std::snprintf(tag, sizeof tag, "\"%s\"", digestText(state_.image.sha256).data());
    Request request;
    request.path = state_.image.path.c_str();
    request.range = range;
    request.ifRange = tag;
    request.timeoutMs = 60000;
    SlotSink sink(slot_, offset_, end);
    const Answer answer = link_.send(request, gate_, sink);
    sink.flush();
    if (sink.isBroken()) { return fail("The flash did not take the image."); }
    if (answer.verdict == Verdict::later) {
        // A sector is erased as a whole.
        offset_ -= offset_ % FirmwareSlot::kSector;
        if (answer.status() != 404) { return; }
        if (!state_.command.empty()) { return fail("The server has the image no more."); }
        return check();
    }
    if (answer.status() != 206) {
        char reason[64];
        std::snprintf(reason, sizeof reason, "The server answered the download with %d.", answer.status());
        return fail(reason);
    }
    if (answer.response.contentRange.view().substr(0, std::strlen(expected)) != expected) {
        return fail("The server sent another part of the image.");
    }
    if (offset_ < end) { offset_ -= offset_ % FirmwareSlot::kSector; }
    if (offset_ >= state_.offset + options_.downloadCheckpoint || offset_ == state_.image.size) {
        state_.offset = offset_;
        keep();
    }
}

/// Tells how far the download is; should that fail, the next time will do.
void FirmwareUpdate::reportProgress() {
    const int progress = static_cast<int>(uint64_t{100} * offset_ / state_.image.size);
    if (progress == reportedProgress_ || !link_.isOpen(reportGate_)) { return; }
    reportedProgress_ = progress;
    JsonWriter writer = link_.writer();
    writer.beginObject().member("firmware_version", state_.image.version.view()).member("state", "downloading");
    writer.key("progress").integer(progress).endObject();
    Request request;
    request.method = "PUT";
    request.path = link_.path("/firmware/reported");
    request.body = writer.text();
    link_.send(request, reportGate_);
}

/// Reads the whole image back: so that what counts is what is in the flash, also where it came in several starts.
void FirmwareUpdate::verify() {
    Sha256 hash;
    uint8_t block[512];
    for (uint32_t offset = 0; offset < state_.image.size; offset += sizeof block) {
        const uint32_t left = state_.image.size - offset;
        const size_t count = left < sizeof block ? left : sizeof block;
        if (!slot_.read(offset, block, count)) { return fail("The image cannot be read back from the flash."); }
        hash.update(block, count);
    }
    if (hash.finish() != state_.image.sha256) { return fail("The image has not the SHA-256 that it should have."); }
    state_.phase = Phase::switching;
    state_.slot = slot_.other();
    state_.starts = 0;
    state_.switches = 0;
    switchOver();
}

}  // namespace lms
