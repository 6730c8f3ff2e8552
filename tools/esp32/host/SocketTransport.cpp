#include "SocketTransport.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

/// A connection, read by lines and pieces.
class Connection {
public:
    ~Connection() {
        if (socket_ >= 0) { close(socket_); }
    }

    bool open(const std::string &host, const std::string &port, uint32_t timeoutMs) {
        addrinfo hints = {};
        hints.ai_socktype = SOCK_STREAM;
        addrinfo *found = nullptr;
        if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) { return false; }
        socket_ = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol);
        const timeval limit = {
            static_cast<time_t>(timeoutMs / 1000), static_cast<suseconds_t>(timeoutMs % 1000 * 1000)};
        const bool isOpen = socket_ >= 0 && setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
                            setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
                            connect(socket_, found->ai_addr, found->ai_addrlen) == 0;
        freeaddrinfo(found);
        return isOpen;
    }

    bool write(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) { return false; }
            bytes.remove_prefix(static_cast<size_t>(count));
        }
        return true;
    }

    /// Without its CR LF.
    std::optional<std::string> line() {
        std::string line;
        while (line.size() < 8192) {
            if (next_ == end_ && !fill()) { return std::nullopt; }
            const char byte = buffer_[next_++];
            if (byte == '\n') {
                if (!line.empty() && line.back() == '\r') { line.pop_back(); }
                return line;
            }
            line += byte;
        }
        return std::nullopt;
    }

    enum class End { whole, refused, broken };

    End body(size_t count, lms::BodySink &sink) {
        while (count > 0) {
            if (next_ == end_ && !fill()) { return End::broken; }
            const size_t there = std::min(count, end_ - next_);
            if (!sink.take(reinterpret_cast<const uint8_t *>(buffer_ + next_), there)) { return End::refused; }
            next_ += there;
            count -= there;
        }
        return End::whole;
    }

private:
    bool fill() {
        const ssize_t count = recv(socket_, buffer_, sizeof buffer_, 0);
        next_ = 0;
        end_ = count > 0 ? static_cast<size_t>(count) : 0;
        return count > 0;
    }

    int socket_ = -1;
    char buffer_[4096];
    size_t next_ = 0;
    size_t end_ = 0;
};

std::string head(const lms::Request &request, const std::string &host) {
    std::string head = std::string(request.method) + " " + request.path + " HTTP/1.1\r\nHost: " + host +
                       "\r\nConnection: close\r\n";
    const auto add = [&](const char *name, const char *value) {
        if (value != nullptr) { head += std::string(name) + ": " + value + "\r\n"; }
    };
    if (request.bearer != nullptr) { add("Authorization", (std::string("Bearer ") + request.bearer).c_str()); }
    add("Idempotency-Key", request.idempotencyKey);
    add("If-None-Match", request.ifNoneMatch);
    add("Range", request.range);
    add("If-Range", request.ifRange);
    if (!request.body.empty()) {
        add("Content-Type", "application/json");
        add("Content-Length", std::to_string(request.body.size()).c_str());
    }
    return head + "\r\n";
}

struct Head {
    size_t length = 0;
    bool isChunked = false;
};

/// Reads the head of an answer; status 0 where it is none.
Head readHead(Connection &connection, lms::Response &response) {
    Head head;
    const auto status = connection.line();
    if (!status || status->compare(0, 9, "HTTP/1.1 ") != 0) { return head; }
    const int code = std::atoi(status->c_str() + 9);
    while (true) {
        const auto line = connection.line();
        if (!line) { return head; }
        if (line->empty()) { break; }
        const size_t colon = line->find(':');
        if (colon == std::string::npos) { return head; }
        std::string name = line->substr(0, colon);
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char byte) { return std::tolower(byte); });
        const size_t start = line->find_first_not_of(" \t", colon + 1);
        const std::string value = start == std::string::npos ? "" : line->substr(start);
        if (name == "content-length") { head.length = std::strtoul(value.c_str(), nullptr, 10); }
        if (name == "transfer-encoding") { head.isChunked = value == "chunked"; }
        if (name == "retry-after") {
            response.retryAfterS = static_cast<uint32_t>(std::strtoul(value.c_str(), nullptr, 10));
        }
        if (name == "etag") { response.etag.assign(value); }
        if (name == "content-range") { response.contentRange.assign(value); }
    }
    response.status = code;
    return head;
}

Connection::End readChunks(Connection &connection, lms::BodySink &sink) {
    while (true) {
        const auto size = connection.line();
        if (!size) { return Connection::End::broken; }
        const size_t count = std::strtoul(size->c_str(), nullptr, 16);
        if (count == 0) { return Connection::End::whole; }
        const auto end = connection.body(count, sink);
        if (end != Connection::End::whole) { return end; }
        if (!connection.line()) { return Connection::End::broken; }
    }
}

}  // namespace

lms::Response SocketTransport::send(const lms::Request &request, lms::BodySink &sink) {
    if (downloadPauseMs_ > 0 && request.range != nullptr) {
        std::this_thread::sleep_for(std::chrono::milliseconds(downloadPauseMs_));
    }
    lms::Response response;
    Connection connection;
    if (!connection.open(host_, port_, request.timeoutMs)) { return response; }
    if (!connection.write(head(request, host_ + ":" + port_)) || !connection.write(request.body)) { return response; }
    const Head head = readHead(connection, response);
    if (response.status == 0 || response.status == 204 || response.status == 304) { return response; }
    sink.begin(response.status);
    const auto end = head.isChunked ? readChunks(connection, sink) : connection.body(head.length, sink);
    if (end == Connection::End::broken) { response.status = 0; }
    return response;
}
