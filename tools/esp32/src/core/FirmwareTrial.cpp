#include "FirmwareUpdate.h"

namespace lms {

namespace {

/// The boot loader may not have got to it the first time.
constexpr uint8_t kMostSwitches = 2;

}  // namespace

/// Sees where the update is after a start.
void FirmwareUpdate::resume() {
    const bool isOther =
        slot_.running() != state_.installedSlot || state_.installedOwn.view() != options_.firmwareVersion;
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

void FirmwareUpdate::switchOver() {
    ++state_.switches;
    // First: what is found after the restart tells how it went.
    keep();
    if (!slot_.activate()) { return fail("The image is none that this board can start."); }
    journal_.logf(LogLevel::info, "The board restarts with firmware %s.", state_.image.version.c_str());
    link_.board().restart();
}

void FirmwareUpdate::confirm() {
    // Also one that came another way, which the boot loader may have on trial.
    if (!isConfirmed_) { slot_.confirm(); }
    isConfirmed_ = true;
    if (!isOnTrial_) { return; }
    isOnTrial_ = false;
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

}  // namespace lms
