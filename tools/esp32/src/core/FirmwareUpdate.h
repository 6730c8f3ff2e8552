#pragma once

#include "Commands.h"
#include "FirmwareSlot.h"
#include "Journal.h"
#include "Link.h"
#include "Sha256.h"

namespace lms {

/// Brings the firmware onto the board that the server says devices of its type are to have.
///
/// The image goes into the other slot piece by piece; how far it is is noted in flash, and a download that broke off
/// goes on. What is in the slot in the end is read back and must have the right SHA-256. Then the board restarts, and
/// the new image is on trial: if the server has not answered it within `Options::trialMs`, or it has started three
/// times without, the earlier one comes back and reports the failure. An image that failed is not tried again unless a
/// command orders it.
class FirmwareUpdate {
public:
    static constexpr const char *kCommand = "update_firmware";
    static constexpr uint32_t kMostStarts = 3;

    FirmwareUpdate(
        Storage &storage, FirmwareSlot &slot, Link &link, Journal &journal, Commands &commands, const Options &options)
        : storage_(storage), slot_(slot), link_(link), journal_(journal), commands_(commands), options_(options) {}

    /// Sees what became of an image that was to run; restarts the board where the other one must.
    void open();

    /// Checks, downloads or reports, a step, where there is something to do and it is time to.
    ///
    /// Returns whether anything was done.
    bool step();

    /// The server has answered the firmware that runs.
    void confirm();

    /// Ends a trial that has taken too long.
    void checkTrial();

    /// Looks for another firmware at the next step.
    void check() { checkAt_ = 0; }

    /// The command that goes on until the update has ended; empty for none.
    std::string_view command() const { return state_.command.view(); }

    /// Of the firmware that runs.
    const char *version() const;

    bool isDownloading() const { return state_.phase == Phase::downloading; }

private:
    enum class Phase : uint8_t {
        idle,
        downloading,
        /// The new image is to run, or runs on trial.
        switching,
        /// The earlier image is to run again.
        returning,
    };

    struct Image {
        Text<64> version;
        Digest sha256 = {};
        uint32_t size = 0;
        Text<95> path;
    };

    /// What the server is to be told.
    struct Report {
        Text<64> version;
        Text<160> error;
        uint8_t isWaiting = 0;
        uint8_t hasFailed = 0;
    };

    struct State {
        uint32_t layout = 1;
        Phase phase = Phase::idle;
        /// The slot that the image is for.
        uint8_t slot = 0;
        /// How often the new image has started, and how often it was to.
        uint8_t starts = 0;
        uint8_t switches = 0;
        uint32_t offset = 0;
        Image image;
        CommandID command;
        Report report;
        /// The firmware that came last and runs well, in which slot, and what it said of its own version.
        Text<64> installed;
        Digest installedSHA = {};
        Text<64> installedOwn;
        uint8_t installedSlot = 0;
        uint8_t hasInstalled = 0;
        uint8_t hasFailed = 0;
        uint8_t padding = 0;
        Digest failedSHA = {};
    };

    static void handle(const Command &command, CommandReply &reply);
    void order(const Command &command, CommandReply &reply);
    static bool read(JsonView json, Image &image);
    bool isRunning(const Image &image) const;
    void resume();
    void look();
    void begin(const Image &image, std::string_view command);
    void download();
    void reportProgress();
    void verify();
    void switchOver();
    void sendReport();
    void fail(const char *reason, Phase next = Phase::idle);
    void goBack(const char *reason);
    void settle(bool hasSucceeded, const char *reason);
    void keep();

    Storage &storage_;
    FirmwareSlot &slot_;
    Link &link_;
    Journal &journal_;
    Commands &commands_;
    const Options &options_;
    State state_;
    Gate gate_;
    Gate reportGate_;
    uint64_t checkAt_ = 0;
    bool isOnTrial_ = false;
    /// Whether the slot knows that the firmware is good.
    bool isConfirmed_ = false;
    /// Bytes that are in the slot, of which `State::offset` is noted.
    uint32_t offset_ = 0;
    int reportedProgress_ = -1;
};

}  // namespace lms
