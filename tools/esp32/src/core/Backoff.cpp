#include "Backoff.h"

namespace lms {

uint32_t Backoff::failed(uint32_t random, uint32_t retryAfterS) {
    uint32_t step = kFirstMs;
    for (uint32_t failure = 0; failure < failures_ && step < kLongestMs; ++failure) { step *= 2; }
    if (step > kLongestMs) { step = kLongestMs; }
    // Enough to have come to the longest step.
    if (failures_ < 32) { ++failures_; }
    const uint32_t own = step / 2 + random % (step / 2 + 1);
    if (retryAfterS == 0) { return own; }
    const uint32_t asked = (retryAfterS < kLongestAskedS ? retryAfterS : kLongestAskedS) * 1000;
    const uint32_t spread = asked / 4 > 1000 ? asked / 4 : 1000;
    const uint32_t polite = asked + random % (spread + 1);
    return polite > own ? polite : own;
}

}  // namespace lms
