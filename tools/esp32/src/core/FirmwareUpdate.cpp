#include "FirmwareUpdate.h"

#include <cstdio>
#include <cstring>

#include "SealedFile.h"

namespace lms {

namespace {

constexpr const char *kFile = "fw";
constexpr std::string_view kPath = "/api/v1/firmware/";
/// The boot loader may not have got to it the first time.
constexpr uint8_t kMostSwitches = 2;

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

}  // namespace

void FirmwareUpdate::open() {
    state_ = State();
    load(storage_, kFile, state_);
    commands_.on(kCommand, handle, this);
    offset_ = state_.offset;
    const bool isOther = slot_.running() != state_.installedSlot || state_.installedOwn.view() != options_.firmwareVersion;
    // It was flashed by cable since.
    if (state_.phase == Phase::idle && isOther) { state_.hasInstalled = 0; }
    switch (state_.phase) {
        case Phase::idle: break;
        case Phase::downloading:
            journal_.logf(
                LogLevel::info, "The download of firmware %s goes on at %u bytes.", state_.image.version.c_str(),
                static_cast<unsigned>(offset_));
            break;
        case Phase::switching:
            if (slot_.running() == state_.slot) {
                isOnTrial_ = true;
                ++state_.starts;
                keep();
                if (state_.starts > kMostStarts) { goBack("The new firmware started again and again."); }
            } else if (state_.starts == 0 && state_.switches < kMostSwitches) {
                switchOver();
            } else {
                fail("The board went back to the earlier firmware.");
            }
            break;
        case Phase::returning:
            if (slot_.running() == state_.slot) { return slot_.rollBack(); }
            state_.phase = Phase::idle;
            keep();
    }
}

const char *FirmwareUpdate::version() const {
    if (isOnTrial_) { return state_.image.version.c_str(); }
    return state_.hasInstalled != 0 ? state_.installed.c_str() : options_.firmwareVersion;
}

void FirmwareUpdate::keep() {
    if (!save(storage_, kFile, state_)) {
        journal_.log(LogLevel::error, "How far the firmware is could not be kept.");
    }
}

// MARK: Steps

bool FirmwareUpdate::step() {
    if (state_.report.isWaiting != 0 && link_.isOpen(reportGate_)) {
        sendReport();
        return true;
    }
    if (!link_.isOpen(gate_)) { return false; }
    if (link_.board().uptimeMs() >= checkAt_) {
        look();
        return true;
    }
    if (state_.phase != Phase::downloading) { return false; }
    if (offset_ < state_.image.size) {
        download();
    } else {
        verify();
    }
    return true;
}

/// Asks which firmware the board is to have.
void FirmwareUpdate::look() {
    Request request;
    request.path = link_.path("/firmware");
    const Answer answer = link_.send(request, gate_);
    if (answer.verdict == Verdict::later) { return; }
    checkAt_ = link_.board().uptimeMs() + options_.firmwareEveryMs;
    // What a command has ordered is not called off by another firmware.
    if (!answer.isDone() || !state_.command.empty()) { return; }
    Image image;
    const bool isAny = read(answer.json()["firmware"], image);
    if (state_.phase == Phase::downloading) {
        if (isAny && image.sha256 == state_.image.sha256) { return; }
        state_.phase = Phase::idle;
        keep();
    }
    if (!isAny || isRunning(image) || (state_.hasFailed != 0 && image.sha256 == state_.failedSHA)) { return; }
    begin(image, {});
}

bool FirmwareUpdate::read(JsonView json, Image &image) {
    Text<64> sha256;
    const auto size = json["size"].integer();
    if (!json["firmware_version"].copy(image.version.characters, sizeof image.version.characters) ||
        !json["sha256"].copy(sha256.characters, sizeof sha256.characters) ||
        !json["url"].copy(image.path.characters, sizeof image.path.characters)) {
        return false;
    }
    if (!size || *size < 1 || *size > UINT32_MAX || !parseDigest(sha256.view(), image.sha256)) { return false; }
    image.size = static_cast<uint32_t>(*size);
    return image.path.view().substr(0, kPath.size()) == kPath;
}

bool FirmwareUpdate::isRunning(const Image &image) const {
    const bool isInstalled = state_.hasInstalled != 0 && image.sha256 == state_.installedSHA;
    return isInstalled || image.version.view() == version();
}

void FirmwareUpdate::begin(const Image &image, std::string_view command) {
    state_.phase = Phase::downloading;
    state_.image = image;
    state_.offset = 0;
    state_.report.isWaiting = 0;
    state_.command.assign(command);
    offset_ = 0;
    reportedProgress_ = -1;
    keep();
    if (image.size > slot_.capacity()) { fail("The image is larger than the board's flash has room for."); }
}

// MARK: The image

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

void FirmwareUpdate::switchOver() {
    ++state_.switches;
    // First: what is found after the restart tells how it went.
    keep();
    if (!slot_.activate()) { return fail("The image is none that this board can start."); }
    journal_.logf(LogLevel::info, "The board restarts with firmware %s.", state_.image.version.c_str());
    link_.board().restart();
}

// MARK: The end

void FirmwareUpdate::confirm() {
    if (!isOnTrial_) { return; }
    isOnTrial_ = false;
    slot_.confirm();
    state_.phase = Phase::idle;
    state_.installed = state_.image.version;
    state_.installedSHA = state_.image.sha256;
    state_.installedOwn.assign(options_.firmwareVersion);
    state_.installedSlot = state_.slot;
    state_.hasInstalled = 1;
    state_.hasFailed = 0;
    state_.report = Report();
    state_.report.version = state_.image.version;
    state_.report.isWaiting = 1;
    settle(true, "");
}

void FirmwareUpdate::checkTrial() {
    if (isOnTrial_ && link_.board().uptimeMs() > options_.trialMs) {
        goBack("The new firmware did not reach the server.");
    }
}

void FirmwareUpdate::goBack(const char *reason) {
    isOnTrial_ = false;
    fail(reason, Phase::returning);
    slot_.rollBack();
}

void FirmwareUpdate::fail(const char *reason, Phase next) {
    journal_.logf(LogLevel::error, "Firmware %s: %s", state_.image.version.c_str(), reason);
    state_.phase = next;
    state_.hasFailed = 1;
    state_.failedSHA = state_.image.sha256;
    state_.report = Report();
    state_.report.version = state_.image.version;
    state_.report.error.assignCut(reason);
    state_.report.hasFailed = 1;
    state_.report.isWaiting = 1;
    settle(false, reason);
}

/// Says how the command has ended that ordered the update, if one did.
void FirmwareUpdate::settle(bool hasSucceeded, const char *reason) {
    if (!state_.command.empty()) { commands_.settle(state_.command.view(), hasSucceeded, {}, reason); }
    state_.command.assign({});
    keep();
}

void FirmwareUpdate::sendReport() {
    const bool hasFailed = state_.report.hasFailed != 0;
    JsonWriter writer = link_.writer();
    writer.beginObject().member("firmware_version", state_.report.version.view());
    writer.member("state", hasFailed ? "failed" : "applied");
    if (hasFailed) { writer.member("error", state_.report.error.view()); }
    writer.endObject();
    Request request;
    request.method = "PUT";
    request.path = link_.path("/firmware/reported");
    request.body = writer.text();
    if (link_.send(request, reportGate_).verdict == Verdict::later) { return; }
    state_.report.isWaiting = 0;
    keep();
}

// MARK: The command

void FirmwareUpdate::handle(const Command &command, CommandReply &reply) {
    static_cast<FirmwareUpdate *>(command.context)->order(command, reply);
}

void FirmwareUpdate::order(const Command &command, CommandReply &reply) {
    Image image;
    if (!read(command.parameters, image)) { return reply.fail("The parameters do not name a firmware."); }
    if (isRunning(image)) { return; }
    if (!state_.command.empty()) {
        commands_.settle(state_.command.view(), false, {}, "Another firmware was ordered meanwhile.");
    }
    reply.settleLater();
    begin(image, command.id);
}

}  // namespace lms
