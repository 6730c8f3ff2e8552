#include "CommandLedger.h"

#include "SealedFile.h"

namespace lms {

namespace {

constexpr const char *kFile = "cmd";

}  // namespace

void CommandLedger::open() {
    kept_ = Kept();
    load(storage_, kFile, kept_);
}

CommandLedger::State CommandLedger::find(std::string_view id) const {
    for (const Entry &entry : kept_.entries) {
        if (entry.id.view() == id) { return entry.state; }
    }
    return State::unknown;
}

bool CommandLedger::note(std::string_view id, State state) {
    for (Entry &entry : kept_.entries) {
        if (entry.id.view() == id) {
            entry.state = state;
            return save(storage_, kFile, kept_);
        }
    }
    Entry &entry = kept_.entries[kept_.next % kKept];
    if (!entry.id.assign(id)) { return false; }
    entry.state = state;
    ++kept_.next;
    return save(storage_, kFile, kept_);
}

const char *CommandLedger::unfinished(std::string_view exception) const {
    for (const Entry &entry : kept_.entries) {
        if (entry.state == State::begun && entry.id.view() != exception) { return entry.id.c_str(); }
    }
    return nullptr;
}

}  // namespace lms
