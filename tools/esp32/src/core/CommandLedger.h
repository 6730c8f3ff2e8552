#pragma once

#include <array>

#include "Storage.h"
#include "Text.h"

namespace lms {

using CommandID = Text<36>;

/// Which commands the board has had last, and what became of them. Kept in flash, so that a command that is handed out
/// twice is carried out once, whatever happens in between.
class CommandLedger {
public:
    static constexpr size_t kKept = 24;

    enum class State : uint8_t { unknown, begun, succeeded, failed };

    explicit CommandLedger(Storage &storage) : storage_(storage) {}

    void open();

    State find(std::string_view id) const;

    /// Notes the state of a command, in the place of the oldest where it is new. False where that cannot be kept.
    bool note(std::string_view id, State state);

    /// One that was begun, and did not come to its end; null where there is none but `exception`.
    const char *unfinished(std::string_view exception) const;

private:
    struct Entry {
        CommandID id;
        State state = State::unknown;
    };

    struct Kept {
        uint32_t layout = 1;
        uint32_t next = 0;
        std::array<Entry, kKept> entries = {};
    };

    Storage &storage_;
    Kept kept_;
};

}  // namespace lms
