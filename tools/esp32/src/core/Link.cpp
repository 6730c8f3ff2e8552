#include "Link.h"

#include <cstdio>
#include <cstring>

namespace lms {

namespace {

/// Keeps as much of a body as there is room for.
class BufferSink : public BodySink {
public:
    BufferSink(char *buffer, size_t capacity) : buffer_(buffer), capacity_(capacity) {}

    void begin(int /*status*/) override {
        length_ = 0;
        isCut_ = false;
    }

    bool take(const uint8_t *bytes, size_t count) override {
        const size_t fitting = count < capacity_ - length_ ? count : capacity_ - length_;
        std::memcpy(buffer_ + length_, bytes, fitting);
        length_ += fitting;
        // The rest is read all the same, since the connection is used again.
        if (fitting < count) { isCut_ = true; }
        return true;
    }

    std::string_view body() const { return {buffer_, length_}; }
    bool isCut() const { return isCut_; }

private:
    char *buffer_;
    size_t capacity_;
    size_t length_ = 0;
    bool isCut_ = false;
};

bool isLater(int status) {
    return status == 0 || status == 401 || status == 403 || status == 404 || status == 408 || status == 425 ||
           status == 429 || status >= 500;
}

}  // namespace

bool Link::isOpen(const Gate &gate) const {
    const uint64_t now = board_.uptimeMs();
    return reach_.isOpen(now) && gate.isOpen(now);
}

Answer Link::send(Request request, Gate &gate, bool isPublic) {
    BufferSink sink(body_.data(), body_.size());
    request.bearer = isPublic ? nullptr : identity_.key();
    Answer answer = judged(transport_.send(request, sink), gate, isPublic);
    answer.body = sink.body();
    answer.isCut = sink.isCut();
    return answer;
}

Answer Link::send(Request request, Gate &gate, BodySink &sink) {
    request.bearer = identity_.key();
    return judged(transport_.send(request, sink), gate, false);
}

Answer Link::judged(const Response &response, Gate &gate, bool isPublic) {
    Answer answer;
    answer.response = response;
    const int status = response.status;
    const uint64_t now = board_.uptimeMs();
    if (status == 0) {
        reach_.failed(now, board_.random());
        return answer;
    }
    reach_.succeeded();
    if (isPublic) {
        // It says nothing of the device's key.
    } else if (status == 401 || status == 403 || status == 404) {
        if (!refusedSince_) { refusedSince_ = now; }
    } else if (status < 500) {
        refusedSince_.reset();
    }
    if (isLater(status)) {
        gate.failed(now, board_.random(), response.retryAfterS);
        return answer;
    }
    gate.succeeded();
    answer.verdict = (status >= 200 && status < 300) || status == 304 ? Verdict::done
                     : status == 409                                  ? Verdict::conflict
                                                                      : Verdict::never;
    return answer;
}

const char *Link::path(const char *suffix) {
    std::snprintf(path_.data(), path_.size(), "/api/v1/devices/%s%s", identity_.id(), suffix);
    return path_.data();
}

}  // namespace lms
