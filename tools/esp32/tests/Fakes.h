#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "../src/core/Client.h"

/// Flash in memory, of which the power can be cut after so many bytes.
class MemoryStorage : public lms::Storage {
public:
    std::map<std::string, std::string> files;
    /// How many bytes are written until the power fails; negative for never.
    long power = -1;
    long written = 0;

    bool isDead() const { return power >= 0 && written >= power; }

    long size(const char *name) override {
        const auto found = files.find(name);
        return found == files.end() ? -1 : static_cast<long>(found->second.size());
    }

    size_t read(const char *name, size_t offset, void *bytes, size_t count) override {
        const auto found = files.find(name);
        if (found == files.end() || offset >= found->second.size()) { return 0; }
        const size_t there = std::min(count, found->second.size() - offset);
        std::memcpy(bytes, found->second.data() + offset, there);
        return there;
    }

    bool append(const char *name, const void *bytes, size_t count) override {
        const size_t fitting = spend(count);
        if (fitting > 0) { files[name].append(static_cast<const char *>(bytes), fitting); }
        return fitting == count && !isDead();
    }

    bool replace(const char *name, const void *bytes, size_t count) override {
        if (spend(count) != count || isDead()) { return false; }
        files[name].assign(static_cast<const char *>(bytes), count);
        return true;
    }

    bool remove(const char *name) override {
        // As dear as a byte, so that the power can fail before and behind it.
        if (spend(1) != 1 || isDead()) { return false; }
        return files.erase(name) > 0;
    }

private:
    size_t spend(size_t count) {
        const size_t fitting = power < 0 ? count : std::min(count, static_cast<size_t>(std::max(0L, power - written)));
        written += static_cast<long>(fitting);
        return fitting;
    }
};

class ManualBoard : public lms::Board {
public:
    uint64_t now = 0;
    int restarts = 0;
    std::optional<int64_t> ntp;

    uint64_t uptimeMs() override { return now; }
    uint32_t random() override { return next_ = next_ * 1664525 + 1013904223; }
    lms::Vitals vitals() override { return {}; }
    std::optional<int64_t> networkTime() override { return ntp; }
    void restart() override { ++restarts; }

private:
    uint32_t next_ = 1;
};

/// A server that answers as the test says, and notes what it was asked.
class FakeServer : public lms::Transport {
public:
    struct Call {
        std::string method, path, body, key, range, ifNoneMatch, bearer;
        bool operator==(const Call &other) const { return path == other.path && body == other.body; }
    };

    struct Reply {
        int status = 200;
        std::string body = {};
        uint32_t retryAfterS = 0;
        std::string contentRange = {};
        /// Where the answer breaks off; everything is sent by default.
        size_t upTo = SIZE_MAX;
    };

    std::function<Reply(const Call &)> answer;
    std::vector<Call> calls;

    lms::Response send(const lms::Request &request, lms::BodySink &sink) override {
        const auto text = [](const char *text) { return std::string(text == nullptr ? "" : text); };
        calls.push_back(
            {request.method, request.path, std::string(request.body), text(request.idempotencyKey),
             text(request.range), text(request.ifNoneMatch), text(request.bearer)});
        const Call call = calls.back();
        const Reply reply = answer(call);
        lms::Response response;
        response.status = reply.status;
        response.retryAfterS = reply.retryAfterS;
        response.contentRange.assign(reply.contentRange);
        if (reply.status == 0) { return response; }
        sink.begin(reply.status);
        const size_t end = std::min(reply.upTo, reply.body.size());
        for (size_t offset = 0; offset < end; offset += 700) {
            const size_t count = std::min<size_t>(700, end - offset);
            if (!sink.take(reinterpret_cast<const uint8_t *>(reply.body.data()) + offset, count)) { return response; }
        }
        if (end < reply.body.size()) { response.status = 0; }
        return response;
    }

    /// How many requests began so.
    int count(const std::string &method, const std::string &part) const {
        return static_cast<int>(std::count_if(calls.begin(), calls.end(), [&](const Call &call) {
            return call.method == method && call.path.find(part) != std::string::npos;
        }));
    }

    const Call *last(const std::string &method, const std::string &part) const {
        for (auto call = calls.rbegin(); call != calls.rend(); ++call) {
            if (call->method == method && call->path.find(part) != std::string::npos) { return &*call; }
        }
        return nullptr;
    }
};

class MemorySlot : public lms::FirmwareSlot {
public:
    std::string images[2];
    uint8_t current = 0;
    /// What runs after the next restart.
    uint8_t next = 0;
    int confirmed = 0;
    int rolledBack = 0;
    bool accepts = true;

    uint8_t running() override { return current; }
    uint8_t other() override { return current == 0 ? 1 : 0; }
    size_t capacity() override { return 1 << 20; }

    bool write(size_t offset, const void *bytes, size_t count) override {
        std::string &image = images[other()];
        if (offset % kSector == 0) { image.resize(offset); }
        if (image.size() != offset) { return false; }
        image.append(static_cast<const char *>(bytes), count);
        return true;
    }

    bool read(size_t offset, void *bytes, size_t count) override {
        const std::string &image = images[other()];
        if (offset + count > image.size()) { return false; }
        std::memcpy(bytes, image.data() + offset, count);
        return true;
    }

    bool activate() override {
        if (accepts) { next = other(); }
        return accepts;
    }

    void confirm() override { ++confirmed; }

    void rollBack() override {
        next = other();
        ++rolledBack;
    }
};
