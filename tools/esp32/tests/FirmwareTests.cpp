#include "../src/core/Sha256.h"
#include "Check.h"
#include "Rig.h"

using namespace lms;

namespace {

/// Has the server offer an image.
void offer(Rig &rig, const std::string &version, size_t size) {
    rig.image.clear();
    uint32_t state = 1;
    for (size_t index = 0; index < size; ++index) {
        state = state * 1664525 + 1013904223;
        rig.image += static_cast<char>(state >> 24);
    }
    Sha256 hash;
    hash.update(rig.image.data(), rig.image.size());
    rig.firmware = R"({"firmware_version":")" + version + R"(","sha256":")" + digestText(hash.finish()).data() +
                   R"(","size":)" + std::to_string(size) + R"(,"url":"/api/v1/firmware/7/content"})";
}

std::vector<std::string> reports(const Rig &rig) {
    std::vector<std::string> found;
    for (const auto &call : rig.server.calls) {
        const bool isReport = call.method == "PUT" && call.path.find("/firmware/reported") != std::string::npos;
        if (isReport && call.body.find("downloading") == std::string::npos) { found.push_back(call.body); }
    }
    return found;
}

constexpr const char *kApplied = R"({"firmware_version":"1.1.0","state":"applied"})";

}  // namespace

TEST("another firmware is downloaded, checked and started, and reported when it has reached the server") {
    Rig rig;
    offer(rig, "1.1.0", 100000);
    rig.start();
    rig.run(60000);
    CHECK(rig.board.restarts == 1 && rig.slot.images[1] == rig.image);
    CHECK(reports(rig).empty() && rig.server.count("PUT", "/firmware/reported") > 2);
    rig.options.firmwareVersion = "1.1.0";
    rig.slot.confirmed = 0;
    rig.start();
    CHECK(rig.slot.confirmed == 0);
    rig.run(60000);
    CHECK(rig.slot.current == 1 && rig.slot.confirmed == 1);
    CHECK(reports(rig) == (std::vector<std::string>{kApplied}));
    CHECK(rig.server.last("POST", "/heartbeat")->body.find("\"firmware_version\":\"1.1.0\"") != std::string::npos);
    rig.run(10 * 60000);
    CHECK(rig.board.restarts == 1 && reports(rig).size() == 1);
}

TEST("a firmware whose own version is another than the server's is not installed again and again") {
    Rig rig;
    offer(rig, "1.1.0", 10000);
    rig.start();
    rig.run(60000);
    rig.start();
    rig.run(10 * 60000);
    CHECK(rig.board.restarts == 1);
    CHECK(std::string(rig.client->firmwareVersion()) == "1.1.0");
    // Flashed by cable it is what it says itself.
    rig.options.firmwareVersion = "0.9.0";
    rig.firmware = "null";
    rig.start();
    CHECK(std::string(rig.client->firmwareVersion()) == "0.9.0");
}

TEST("wherever a download breaks off, by the line or the power, it goes on where it was noted") {
    for (int pieces = 1; pieces < 13; ++pieces) {
        Rig rig;
        offer(rig, "1.1.0", 100000);
        int left = pieces;
        const auto usual = rig.server.answer;
        rig.server.answer = [&](const FakeServer::Call &call) {
            FakeServer::Reply reply = usual(call);
            if (call.path.find("/content") != std::string::npos) {
                --left;
                if (left == 0) { reply.upTo = 5000; }
                if (left < 0) { return FakeServer::Reply{0, ""}; }
            }
            return reply;
        };
        rig.start();
        rig.run(20000);
        CHECK(rig.board.restarts == 0);
        rig.server.answer = usual;
        const size_t before = rig.server.calls.size();
        rig.start();
        rig.run(60000);
        CHECK(rig.board.restarts == 1 && rig.slot.images[1] == rig.image);
        // At most what was not noted is sent twice.
        size_t again = 0;
        for (size_t index = before; index < rig.server.calls.size(); ++index) {
            again += rig.server.calls[index].path.find("/content") != std::string::npos ? 1 : 0;
        }
        CHECK(again <= 13u - (static_cast<size_t>(pieces) - 1) / 2 * 2);
    }
}

TEST("an image that is not the one that was promised is not started, and not tried again") {
    Rig rig;
    offer(rig, "1.1.0", 20000);
    rig.image[15000] ^= 1;
    rig.start();
    rig.run(10 * 60000);
    CHECK(rig.board.restarts == 0);
    CHECK(reports(rig).size() == 1 && reports(rig)[0].find("SHA-256") != std::string::npos);
    CHECK(rig.server.count("GET", "/content") == 3);
    // Another one is.
    offer(rig, "1.1.1", 20001);
    rig.run(10 * 60000);
    CHECK(rig.board.restarts == 1);
}

TEST("an image that is too large, or that the boot loader will not have, is reported as failed") {
    for (const bool isLarge : {true, false}) {
        Rig rig;
        offer(rig, "1.1.0", isLarge ? (1 << 20) + 1 : 5000);
        rig.slot.accepts = false;
        rig.start();
        rig.run(60000);
        CHECK(rig.board.restarts == 0);
        CHECK(reports(rig).size() == 1 && reports(rig)[0].find("failed") != std::string::npos);
    }
}

TEST("a new firmware that does not reach the server goes, and the earlier one says so") {
    Rig rig;
    offer(rig, "1.1.0", 10000);
    rig.start();
    rig.run(60000);
    rig.instead["/"] = {0, ""};
    rig.start();
    CHECK(rig.slot.current == 1);
    rig.run(9 * 60000);
    CHECK(rig.slot.rolledBack == 0);
    rig.run(2 * 60000);
    CHECK(rig.slot.rolledBack == 1);
    rig.instead.clear();
    rig.start();
    rig.run(10 * 60000);
    CHECK(rig.slot.current == 0 && rig.board.restarts == 1);
    CHECK(reports(rig).size() == 1 && reports(rig)[0].find("did not reach the server") != std::string::npos);
}

TEST("a new firmware that starts again and again goes") {
    Rig rig;
    offer(rig, "1.1.0", 10000);
    rig.start();
    rig.run(60000);
    rig.instead["/"] = {0, ""};
    for (int start = 0; start < 3; ++start) {
        rig.start();
        rig.run(1000);
        CHECK(rig.slot.rolledBack == 0);
    }
    rig.start();
    CHECK(rig.slot.rolledBack == 1);
}

TEST("where the boot loader has gone back by itself, the image is tried once more and then reported as failed") {
    Rig rig;
    offer(rig, "1.1.0", 10000);
    rig.start();
    rig.run(60000);
    CHECK(rig.board.restarts == 1);
    rig.slot.next = 0;
    rig.start();
    CHECK(rig.board.restarts == 2 && rig.slot.next == 1);
    rig.slot.next = 0;
    rig.start();
    rig.run(60000);
    CHECK(rig.board.restarts == 2);
    CHECK(reports(rig).size() == 1 && reports(rig)[0].find("went back") != std::string::npos);
}

TEST("the command for a firmware succeeds when it runs, and fails when it does not") {
    for (const bool isGood : {true, false}) {
        Rig rig;
        offer(rig, "1.1.0", 10000);
        rig.queue(1, "update_firmware", rig.firmware);
        rig.firmware = "null";
        if (!isGood) { rig.image[1] ^= 1; }
        rig.start();
        rig.run(60000);
        rig.start();
        rig.run(60000);
        std::string last;
        for (const auto &call : rig.server.calls) {
            if (call.method == "PUT" && call.path.find("/commands/") != std::string::npos) { last = call.body; }
        }
        CHECK(last.find(isGood ? "succeeded" : "SHA-256") != std::string::npos);
        CHECK(reports(rig).size() == 1);
    }
}

TEST("a firmware elsewhere than on the server is not fetched") {
    Rig rig;
    offer(rig, "1.1.0", 10000);
    rig.firmware.replace(rig.firmware.find("/api"), 4, "//evil");
    rig.start();
    rig.run(60000);
    CHECK(rig.server.count("GET", "evil") == 0 && reports(rig).empty());
}
