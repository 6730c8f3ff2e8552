#pragma once

#if defined(ARDUINO_ARCH_ESP32)

#include <HTTPClient.h>
#include <WiFiClient.h>
#include <WiFiClientSecure.h>

#include "../../core/Transport.h"

namespace lms {

/// HTTP over Wi-Fi, with TLS for a server whose URL begins with `https`.
class ArduinoTransport : public Transport {
public:
    /// `server`: such as `https://lms.example`, without a slash at its end.
    /// `certificate`: PEM of the authority that the server's certificate is from. Without one, `https` reaches nobody.
    ArduinoTransport(const char *server, const char *certificate) : server_(server), certificate_(certificate) {}

    Response send(const Request &request, BodySink &sink) override;

private:
    const char *const server_;
    const char *const certificate_;
    WiFiClient plain_;
    WiFiClientSecure secure_;
    HTTPClient http_;
    bool isReady_ = false;
};

}  // namespace lms

#endif
