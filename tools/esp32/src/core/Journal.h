#pragma once

#include "Outbox.h"

namespace lms {

enum class LogLevel { debug, info, warning, error, critical };

/// What the board notes for people to read at the server.
class Journal {
public:
    static constexpr size_t kLongestMessage = 320;

    Journal(Outbox &logs, WallClock &clock, Board &board) : logs_(logs), clock_(clock), board_(board) {}

    /// Keeps a message, cut where it is longer than `kLongestMessage` bytes.
    bool log(LogLevel level, std::string_view message);

    /// The same, in the manner of printf.
    bool logf(LogLevel level, const char *format, ...) __attribute__((format(printf, 3, 4)));

private:
    Outbox &logs_;
    WallClock &clock_;
    Board &board_;
};

}  // namespace lms
