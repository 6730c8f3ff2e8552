#pragma once

#include <array>

#include "Backoff.h"
#include "Board.h"
#include "Identity.h"
#include "Json.h"
#include "JsonWriter.h"
#include "Options.h"
#include "Transport.h"

namespace lms {

/// What a request came to.
enum class Verdict {
    /// 2xx or 304.
    done,
    /// No answer, or one that may be another later: 401, 403, 404, 408, 425, 429, 5xx. The gate is closed for a while.
    later,
    /// 409: at odds with what the server knows.
    conflict,
    /// Any other: this request will not succeed, however often it is sent.
    never,
};

struct Answer {
    Verdict verdict = Verdict::later;
    Response response;
    /// The body, until the next request; only its beginning where it is cut.
    std::string_view body;
    bool isCut = false;

    bool isDone() const { return verdict == Verdict::done; }
    int status() const { return response.status; }
    JsonView json() const { return isCut ? JsonView::beginning(body) : JsonView::parse(body); }
};

/// Sends requests as the device, and judges the answers: in one place it is decided what is tried again, and when.
class Link {
public:
    Link(Transport &transport, Board &board, Identity &identity)
        : transport_(transport), board_(board), identity_(identity) {}

    /// Whether a request of this gate's kind may be sent now: it may not for a while after failures of its kind, nor
    /// after the server could not be reached at all.
    bool isOpen(const Gate &gate) const;

    /// Sends a request with the device's key, or without where `isPublic`.
    Answer send(Request request, Gate &gate, bool isPublic = false);

    /// The same, with the body of a success going to `sink`.
    Answer send(Request request, Gate &gate, BodySink &sink);

    /// Since when the server has refused the device; nothing while it has not.
    std::optional<uint64_t> refusedSince() const { return refusedSince_; }
    /// After the device has got another key.
    void forgetRefusals() { refusedSince_.reset(); }

    /// `/api/v1/devices/{id}` with `suffix` behind it, until the next call.
    const char *path(const char *suffix);

    /// A writer for the body of the next request, which every caller uses in turn: the stack of a board is small.
    JsonWriter writer() { return {request_.data(), request_.size()}; }

    /// Room for `kResponseSize` bytes, until the next request.
    char *scratch() { return body_.data(); }

    Board &board() { return board_; }

private:
    Answer judged(const Response &response, Gate &gate, bool isPublic);

    Transport &transport_;
    Board &board_;
    Identity &identity_;
    /// Of the server as a whole.
    Gate reach_;
    std::optional<uint64_t> refusedSince_;
    std::array<char, 192> path_ = {};
    std::array<char, kRequestSize> request_ = {};
    std::array<char, kResponseSize> body_ = {};
};

}  // namespace lms
