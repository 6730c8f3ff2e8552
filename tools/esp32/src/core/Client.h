#pragma once

#include "Commands.h"
#include "Configuration.h"
#include "FirmwareUpdate.h"
#include "Journal.h"
#include "Link.h"
#include "Options.h"
#include "Outbox.h"
#include "WallClock.h"

namespace lms {

/// A board as a device of LMS Core, for one task of the board: nothing here may be called from two at once.
///
/// Everything that must not be lost is in flash before a function returns. Nothing is allocated; a client takes about
/// 20 KB, and belongs in static memory rather than on a stack.
class Client {
public:
    Client(Board &board, Storage &storage, Transport &transport, FirmwareSlot &slot, const Options &options);

    // MARK: Before begin

    /// Has commands of a type carried out; `type` must stay there. False where there are too many.
    bool on(const char *type, CommandHandler handler, void *context = nullptr) {
        return commands_.on(type, handler, context);
    }

    void onConfiguration(ConfigHandler handler, void *context = nullptr) { configuration_.use(handler, context); }

    /// Looks for what is in flash, and applies the configuration that is kept. May restart the board, where a firmware
    /// that was on trial has to go.
    void begin();

    /// For a board without a fleet key: which device it is, and its key. Once is enough; it is kept.
    bool adopt(const char *deviceID, const char *key) { return identity_.adopt(deviceID, key); }

    // MARK: From then on

    /// Keeps a reading with the time that it is now. False, and nothing kept, where the value is not finite, the names
    /// are too long (64 bytes, the unit 32) or the flash takes nothing.
    bool record(const char *sensor, double value, const char *unit = "");
    /// The same of up to 300 bytes of text.
    bool recordText(const char *sensor, const char *text);
    bool recordFlag(const char *sensor, bool value);

    /// Keeps a message for the device's log at the server.
    bool log(LogLevel level, const char *message) { return journal_.log(level, message); }

    /// Does the next thing that there is to do, one request or a few. Where there is nothing to do it waits for a
    /// command, but not for longer than `budgetMs`: say the time until the next measurement. A server that does not
    /// answer may take longer, 15 s and a minute for a piece of firmware.
    ///
    /// Returns after how many milliseconds it is to be called again, `budgetMs` at most.
    uint32_t step(uint32_t budgetMs);

    // MARK: What is known

    /// Empty until the board has been provisioned.
    const char *deviceID() const { return identity_.id(); }
    /// Milliseconds since 1970, once the server or NTP has told the time.
    std::optional<int64_t> time() { return clock_.now(board_.uptimeMs()); }
    /// Of the firmware that runs.
    const char *firmwareVersion() const { return firmware_.version(); }
    bool hasUnsentReadings() { return !readings_.isEmpty(); }
    uint32_t droppedReadings() const { return readings_.dropped(); }
    uint32_t rejectedReadings() const { return readings_.rejected(); }

private:
    bool work();
    void provision();
    void beat();
    void tellOfLosses();
    bool mustProvision() const;
    bool keepReading(const JsonWriter &members);

    const Options options_;
    Board &board_;
    Identity identity_;
    WallClock clock_;
    Link link_;
    Outbox readings_;
    Outbox logs_;
    Journal journal_;
    Commands commands_;
    Configuration configuration_;
    FirmwareUpdate firmware_;
    Gate provisionGate_;
    Gate beatGate_;
    uint64_t beatAt_ = 0;
    uint64_t pollAt_ = 0;
    /// Losses that the log tells of already.
    uint32_t toldDropped_ = 0;
    uint32_t toldRejected_ = 0;
};

}  // namespace lms
