#if defined(ARDUINO_ARCH_ESP32)

#include "ArduinoTransport.h"

#include <WiFi.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace lms {

namespace {

constexpr int32_t kConnectMs = 10000;

/// Hands what `HTTPClient` writes to a sink.
class SinkStream : public Stream {
public:
    explicit SinkStream(BodySink &sink) : sink_(sink) {}

    size_t write(uint8_t byte) override { return write(&byte, 1); }

    size_t write(const uint8_t *bytes, size_t count) override {
        isRefused_ = isRefused_ || !sink_.take(bytes, count);
        return isRefused_ ? 0 : count;
    }

    int available() override { return 0; }
    int read() override { return -1; }
    int peek() override { return -1; }

    bool isRefused() const { return isRefused_; }

private:
    BodySink &sink_;
    bool isRefused_ = false;
};

}  // namespace

Response ArduinoTransport::send(const Request &request, BodySink &sink) {
    Response response;
    if (WiFi.status() != WL_CONNECTED) { return response; }
    const bool isSecure = std::strncmp(server_, "https:", 6) == 0;
    if (!isReady_) {
        if (certificate_ != nullptr) { secure_.setCACert(certificate_); }
        static const char *kHeaders[] = {"Retry-After", "ETag", "Content-Range"};
        http_.collectHeaders(kHeaders, 3);
        http_.setReuse(true);
        http_.setConnectTimeout(kConnectMs);
        isReady_ = true;
    }
    WiFiClient &client = isSecure ? static_cast<WiFiClient &>(secure_) : plain_;
    if (!http_.begin(client, String(server_) + request.path)) { return response; }
    http_.setTimeout(static_cast<uint16_t>(std::min<uint32_t>(request.timeoutMs, UINT16_MAX)));
    if (request.bearer != nullptr) { http_.addHeader("Authorization", String("Bearer ") + request.bearer); }
    if (request.idempotencyKey != nullptr) { http_.addHeader("Idempotency-Key", request.idempotencyKey); }
    if (request.ifNoneMatch != nullptr) { http_.addHeader("If-None-Match", request.ifNoneMatch); }
    if (request.range != nullptr) { http_.addHeader("Range", request.range); }
    if (request.ifRange != nullptr) { http_.addHeader("If-Range", request.ifRange); }
    if (!request.body.empty()) { http_.addHeader("Content-Type", "application/json"); }
    // It is sent, and not written to.
    auto *const body = reinterpret_cast<uint8_t *>(const_cast<char *>(request.body.data()));
    const int status = http_.sendRequest(request.method, request.body.empty() ? nullptr : body, request.body.size());
    if (status > 0) {
        response.status = status;
        response.retryAfterS = static_cast<uint32_t>(std::strtoul(http_.header("Retry-After").c_str(), nullptr, 10));
        response.etag.assign(http_.header("ETag").c_str());
        response.contentRange.assign(http_.header("Content-Range").c_str());
        if (status != 204 && status != 304) {
            sink.begin(status);
            SinkStream stream(sink);
            const bool isWhole = http_.writeToStream(&stream) >= 0;
            if (!isWhole && !stream.isRefused()) { response.status = 0; }
            // What is left of the answer must not be taken for the next one.
            if (!isWhole) { client.stop(); }
        }
    }
    http_.end();
    return response;
}

}  // namespace lms

#endif
