#include "WallClock.h"

#include <cstdio>

#include "SealedFile.h"

namespace lms {

namespace {

constexpr const char *kFile = "clock";

/// Days since 1970 of a date in the Gregorian calendar (H. Hinnant, chrono-compatible low-level date algorithms).
int64_t daysOf(int64_t year, int64_t month, int64_t day) {
    year -= month <= 2 ? 1 : 0;
    const int64_t era = (year >= 0 ? year : year - 399) / 400;
    const int64_t yearOfEra = year - era * 400;
    const int64_t dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
}

struct Date {
    int64_t year, month, day;
};

Date dateOf(int64_t days) {
    days += 719468;
    const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    const int64_t dayOfEra = days - era * 146097;
    const int64_t yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
    const int64_t dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
    const int64_t shifted = (5 * dayOfYear + 2) / 153;
    const int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    return {yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1};
}

/// A number of so many digits at `at`, which moves behind it; -1 where there is none.
int64_t digits(std::string_view text, size_t &at, size_t count) {
    if (text.size() < at + count) { return -1; }
    int64_t value = 0;
    for (size_t index = 0; index < count; ++index) {
        const char digit = text[at++];
        if (digit < '0' || digit > '9') { return -1; }
        value = value * 10 + (digit - '0');
    }
    return value;
}

bool take(std::string_view text, size_t &at, std::string_view anyOf) {
    if (at >= text.size() || anyOf.find(text[at]) == std::string_view::npos) { return false; }
    ++at;
    return true;
}

}  // namespace

std::optional<int64_t> parseTime(std::string_view text) {
    size_t at = 0;
    const int64_t year = digits(text, at, 4);
    if (!take(text, at, "-")) { return std::nullopt; }
    const int64_t month = digits(text, at, 2);
    if (!take(text, at, "-")) { return std::nullopt; }
    const int64_t day = digits(text, at, 2);
    if (!take(text, at, "Tt ")) { return std::nullopt; }
    const int64_t hour = digits(text, at, 2);
    if (!take(text, at, ":")) { return std::nullopt; }
    const int64_t minute = digits(text, at, 2);
    if (!take(text, at, ":")) { return std::nullopt; }
    const int64_t second = digits(text, at, 2);
    if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59 || second < 0 || second > 60) {
        return std::nullopt;
    }
    int64_t fraction = 0;
    if (take(text, at, ".")) {
        int64_t scale = 100;
        const size_t start = at;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) {
            fraction += (text[at] - '0') * scale;
        }
        if (at == start) { return std::nullopt; }
    }
    int64_t offset = 0;
    if (!take(text, at, "Zz")) {
        const bool isBehind = at < text.size() && text[at] == '-';
        if (!take(text, at, "+-")) { return std::nullopt; }
        const int64_t hours = digits(text, at, 2);
        if (!take(text, at, ":")) { return std::nullopt; }
        const int64_t minutes = digits(text, at, 2);
        if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) { return std::nullopt; }
        offset = (hours * 60 + minutes) * (isBehind ? -60 : 60);
    }
    if (at != text.size()) { return std::nullopt; }
    const int64_t seconds = daysOf(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset;
    return seconds * 1000 + fraction;
}

std::array<char, 32> timeText(int64_t ms, unsigned microseconds) {
    const int64_t day = (ms >= 0 ? ms : ms - 86399999) / 86400000;
    const Date date = dateOf(day);
    const auto rest = static_cast<unsigned>(ms - day * 86400000);
    std::array<char, 32> text = {};
    std::snprintf(
        text.data(), text.size(), "%04u-%02u-%02uT%02u:%02u:%02u.%03u%03uZ", static_cast<unsigned>(date.year) % 10000,
        static_cast<unsigned>(date.month) % 100, static_cast<unsigned>(date.day) % 100, rest / 3600000,
        rest / 60000 % 60, rest / 1000 % 60, rest % 1000, microseconds % 1000);
    return text;
}

void WallClock::open() {
    load(storage_, kFile, state_);
    ++state_.boot;
    save(storage_, kFile, state_);
    offset_.reset();
    last_ = -1;
}

void WallClock::learn(int64_t utcMs, uint64_t uptimeMs) {
    const int64_t offset = utcMs - static_cast<int64_t>(uptimeMs);
    if (offset_) {
        const int64_t error = offset - *offset_;
        if (error > -kToleranceMs && error < kToleranceMs) { return; }
    } else {
        state_.starts[state_.boot % kStartsKept] = {offset, state_.boot, 1};
        save(storage_, kFile, state_);
        // From here on it is the time since 1970.
        if (last_ >= 0) { last_ += offset; }
    }
    offset_ = offset;
}

std::optional<int64_t> WallClock::now(uint64_t uptimeMs) const {
    if (!offset_) { return std::nullopt; }
    return static_cast<int64_t>(uptimeMs) + *offset_;
}

Moment WallClock::note(uint64_t uptimeMs) {
    const int64_t ms = static_cast<int64_t>(uptimeMs) + offset_.value_or(0);
    last_ = ms > last_ ? ms : last_ + 1;
    return {last_, state_.boot, isKnown()};
}

std::optional<int64_t> WallClock::time(const Moment &moment) const {
    if (moment.isTimed) { return moment.ms; }
    const Start &start = state_.starts[moment.boot % kStartsKept];
    if (start.isKnown == 0 || start.boot != moment.boot) { return std::nullopt; }
    return start.ms + moment.ms;
}

std::array<char, 32> WallClock::text(const Moment &moment) const {
    const auto ms = time(moment);
    return ms ? timeText(*ms, moment.boot % 1000) : std::array<char, 32>();
}

bool WallClock::isLost(const Moment &moment) const { return moment.boot != state_.boot && !time(moment); }

}  // namespace lms
