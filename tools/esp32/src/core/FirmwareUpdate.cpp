#include "FirmwareUpdate.h"

#include <cstdio>

#include "SealedFile.h"

namespace lms {

namespace {

constexpr const char *kFile = "fw";
constexpr std::string_view kPath = "/api/v1/firmware/";

}  // namespace

void FirmwareUpdate::open() {
    state_ = State();
    load(storage_, kFile, state_);
    commands_.on(kCommand, handle, this);
    offset_ = state_.offset;
    resume();
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
