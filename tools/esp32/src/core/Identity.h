#pragma once

#include "Storage.h"
#include "Text.h"

namespace lms {

/// Who the board is for the server. Kept in flash.
class Identity {
public:
    explicit Identity(Storage &storage) : storage_(storage) {}

    /// To be called first.
    void open();

    bool isKnown() const { return !state_.key.empty(); }
    const char *id() const { return state_.id.c_str(); }
    const char *key() const { return state_.key.c_str(); }

    /// Keeps another one; false where it is none, or could not be kept.
    bool adopt(std::string_view id, std::string_view key);

private:
    struct State {
        uint32_t layout = 1;
        Text<36> id;
        Text<127> key;
    };

    Storage &storage_;
    State state_;
};

}  // namespace lms
