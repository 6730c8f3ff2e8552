#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "Storage.h"

namespace lms {

/// Reads an RFC 3339 time; milliseconds since 1970.
std::optional<int64_t> parseTime(std::string_view text);

/// `2026-01-31T12:00:00.000000Z` and a NUL.
///
/// `microseconds`: beyond the millisecond, below 1000.
std::array<char, 32> timeText(int64_t ms, unsigned microseconds = 0);

/// When something was, by a clock that may have been set only later.
struct Moment {
    /// Milliseconds since 1970 where the time was known, else since the board's start.
    int64_t ms = 0;
    /// The start in question.
    uint32_t boot = 0;
    bool isTimed = false;
};

/// The time of day of a board without a clock that goes on without power.
///
/// What was noted before the time was known gets its time when that is learnt, and always the same one: when the start
/// was is kept in flash, for the last eight starts, so that it holds after a restart, too.
class WallClock {
public:
    /// Corrections below this are left alone.
    static constexpr int64_t kToleranceMs = 1000;

    explicit WallClock(Storage &storage) : storage_(storage) {}

    /// Counts a start. To be called first.
    void open();

    /// The time is `utcMs` now.
    void learn(int64_t utcMs, uint64_t uptimeMs);

    bool isKnown() const { return offset_.has_value(); }

    /// Milliseconds since 1970; of a clock that is not known, nothing.
    std::optional<int64_t> now(uint64_t uptimeMs) const;

    /// Now. No two moments of a start are equal, even when the clock is put back. Those of different starts can be,
    /// since each start learns the time anew; `text` tells them apart all the same.
    Moment note(uint64_t uptimeMs);

    /// The time of a moment; nothing while it is not known.
    std::optional<int64_t> time(const Moment &moment) const;

    /// The time of a moment for the server, with the start, modulo 1000, as its microseconds: so that two readings
    /// never have the same time, by which the server would take them for one. Empty while it is not known.
    std::array<char, 32> text(const Moment &moment) const;

    /// Whether the time of a moment will never be known.
    bool isLost(const Moment &moment) const;

    uint32_t boot() const { return state_.boot; }

private:
    static constexpr size_t kStartsKept = 8;

    struct Start {
        int64_t ms = 0;
        uint32_t boot = 0;
        uint32_t isKnown = 0;
    };

    struct State {
        uint32_t layout = 1;
        uint32_t boot = 0;
        std::array<Start, kStartsKept> starts = {};
    };

    Storage &storage_;
    State state_;
    /// What the time is ahead of the uptime.
    std::optional<int64_t> offset_;
    int64_t last_ = -1;
};

}  // namespace lms
