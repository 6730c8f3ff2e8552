#pragma once

#include <string>

#include "../src/core/Transport.h"

/// HTTP/1.1 (RFC 9112) without TLS, a connection for each request.
class SocketTransport : public lms::Transport {
public:
    /// `downloadPauseMs`: before each piece of a firmware, as on a slow line.
    SocketTransport(std::string host, std::string port, int downloadPauseMs)
        : host_(std::move(host)), port_(std::move(port)), downloadPauseMs_(downloadPauseMs) {}

    lms::Response send(const lms::Request &request, lms::BodySink &sink) override;

private:
    const std::string host_;
    const std::string port_;
    const int downloadPauseMs_;
};
