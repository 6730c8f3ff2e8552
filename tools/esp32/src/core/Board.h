#pragma once

#include <cstdint>
#include <optional>

namespace lms {

/// What a board says of itself with a heartbeat.
struct Vitals {
    /// Percent.
    std::optional<double> batteryLevel;
    /// dBm.
    std::optional<int> signalStrength;
};

/// The board that the client runs on.
class Board {
public:
    virtual ~Board() = default;

    /// Milliseconds since the start; never goes back.
    virtual uint64_t uptimeMs() = 0;

    /// 32 bits that no other board has in common.
    virtual uint32_t random() = 0;

    virtual Vitals vitals() = 0;

    /// Milliseconds since 1970 by NTP or a clock chip; nothing where there is neither. The server tells the time, too.
    virtual std::optional<int64_t> networkTime() { return std::nullopt; }

    /// Starts the board again; need not return.
    virtual void restart() = 0;
};

}  // namespace lms
