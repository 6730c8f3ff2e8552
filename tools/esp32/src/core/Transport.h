#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "Text.h"

namespace lms {

/// What takes the body of an answer, piece by piece.
class BodySink {
public:
    virtual ~BodySink() = default;

    /// Told before the first piece.
    virtual void begin(int /*status*/) {}

    /// False to have no more of it.
    virtual bool take(const uint8_t *bytes, size_t count) = 0;
};

struct Request {
    const char *method = "GET";
    /// With the query, on the server that the transport is for.
    const char *path = "/";
    /// Of `Authorization: Bearer`; null for none.
    const char *bearer = nullptr;
    /// JSON; none where it is empty.
    std::string_view body;
    /// Headers; null for none.
    const char *idempotencyKey = nullptr;
    const char *ifNoneMatch = nullptr;
    const char *range = nullptr;
    const char *ifRange = nullptr;
    /// How long the answer may be on its way.
    uint32_t timeoutMs = 15000;
};

struct Response {
    /// 0 where there was no whole answer: no connection, a time-out, or one that broke off.
    int status = 0;
    /// Seconds, of `Retry-After`; 0 where it is not there or names a date.
    uint32_t retryAfterS = 0;
    Text<95> etag;
    Text<63> contentRange;
};

/// HTTP to the one server. Certificates are checked here, and redirections are not followed.
class Transport {
public:
    virtual ~Transport() = default;

    virtual Response send(const Request &request, BodySink &sink) = 0;
};

}  // namespace lms
