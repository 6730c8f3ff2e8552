#pragma once

#include <cstdint>

namespace lms {

/// How long to wait after failures: twice as long after each, up to a limit, and with jitter, so that boards that lost
/// the server together do not come back together.
class Backoff {
public:
    static constexpr uint32_t kFirstMs = 1000;
    static constexpr uint32_t kLongestMs = 5 * 60 * 1000;
    /// What a server may ask for at most.
    static constexpr uint32_t kLongestAskedS = 3600;

    /// Milliseconds to wait after another failure: between a half and the whole of the step. With `Retry-After` never
    /// less than what the server asked for, and at most a quarter more, with a second of jitter at least.
    ///
    /// `random`: any 32 bits.
    uint32_t failed(uint32_t random, uint32_t retryAfterS = 0);

    void succeeded() { failures_ = 0; }

    uint32_t failures() const { return failures_; }

private:
    uint32_t failures_ = 0;
};

/// Whether something may be tried again yet.
class Gate {
public:
    bool isOpen(uint64_t uptimeMs) const { return uptimeMs >= notBefore_; }

    void failed(uint64_t uptimeMs, uint32_t random, uint32_t retryAfterS = 0) {
        notBefore_ = uptimeMs + backoff_.failed(random, retryAfterS);
    }

    void succeeded() { backoff_.succeeded(); }

    uint64_t notBefore() const { return notBefore_; }

private:
    Backoff backoff_;
    uint64_t notBefore_ = 0;
};

}  // namespace lms
