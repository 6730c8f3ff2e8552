#pragma once

#include <array>

#include "CommandLedger.h"
#include "Journal.h"
#include "Link.h"
#include "RecordRing.h"

namespace lms {

struct Command {
    const char *id;
    const char *type;
    /// An object.
    JsonView parameters;
    /// What was said when the handler was registered.
    void *context;
};

/// What a handler says of the command that it has carried out; it has succeeded unless it says otherwise.
class CommandReply {
public:
    static constexpr size_t kLongestResult = 384;
    static constexpr size_t kLongestReason = 200;

    /// For one JSON value. What does not fit in `kLongestResult` bytes is left out.
    JsonWriter &result() { return result_; }

    void fail(std::string_view reason);

    /// To restart once the result is in flash, and the server was told or could not be reached.
    void restartAfterwards() { restarts_ = true; }

    /// The command has not come to its end; `Commands::settle` says later how it ended.
    void settleLater() { isLater_ = true; }

private:
    friend class Commands;

    std::array<char, kLongestResult> buffer_ = {};
    JsonWriter result_{buffer_.data(), buffer_.size()};
    Text<kLongestReason> reason_;
    bool hasFailed_ = false;
    bool restarts_ = false;
    bool isLater_ = false;
};

using CommandHandler = void (*)(const Command &command, CommandReply &reply);

/// Takes commands, has them carried out once each, and tells the server how they ended until it has heard.
///
/// A command is noted in flash before it is begun. If the board restarts before it is done, it is reported as failed
/// and not begun again: what would bring the board down would do so forever.
class Commands {
public:
    static constexpr size_t kMostHandlers = 16;

    Commands(Storage &storage, Link &link, Journal &journal, RecordRing::Shape shape)
        : ledger_(storage), results_(storage, shape), link_(link), journal_(journal) {}

    /// `type` must stay there. False where there are too many.
    bool on(const char *type, CommandHandler handler, void *context = nullptr);

    /// To be called first.
    void open();

    /// Settles what a restart has interrupted, but for the command that goes on; empty for none.
    void abandonAllBut(std::string_view underWay);

    /// Tells the server of the next result, if there is one and it is time to; restarts the board when that was asked.
    ///
    /// Returns whether anything was done.
    bool report();

    /// Asks for a command, waits for one as long as that, and carries it out.
    void poll(uint32_t waitS);

    bool mayPoll() const { return link_.isOpen(gate_); }

    /// How a command has ended that was to be settled later.
    void settle(std::string_view id, bool hasSucceeded, std::string_view result, std::string_view reason);

private:
    struct Handler {
        const char *type = nullptr;
        CommandHandler handle = nullptr;
        void *context = nullptr;
    };

    void take(const Answer &answer);
    void takeAgain(const CommandID &id, CommandLedger::State state);
    bool isWanted(const CommandID &id);
    void carryOut(const Command &command, const Handler &handler);
    const Handler *handler(std::string_view type) const;

    CommandLedger ledger_;
    RecordRing results_;
    Link &link_;
    Journal &journal_;
    std::array<Handler, kMostHandlers> handlers_ = {};
    size_t handlerCount_ = 0;
    Gate gate_;
    Gate reportGate_;
    Text<kRequestSize> parameters_;
    bool restarts_ = false;
};

}  // namespace lms
