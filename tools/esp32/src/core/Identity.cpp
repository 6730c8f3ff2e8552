#include "Identity.h"

#include "SealedFile.h"

namespace lms {

namespace {

constexpr const char *kFile = "id";

}  // namespace

void Identity::open() {
    state_ = State();
    load(storage_, kFile, state_);
}

bool Identity::adopt(std::string_view id, std::string_view key) {
    State state;
    if (id.empty() || key.empty() || !state.id.assign(id) || !state.key.assign(key)) { return false; }
    if (!save(storage_, kFile, state)) { return false; }
    state_ = state;
    return true;
}

}  // namespace lms
