#pragma once

#include <memory>
#include <set>
#include <string>

#include "Fakes.h"

/// A board and a server that answers as LMS Core does, with what a test wants otherwise.
struct Rig {
    MemoryStorage storage;
    ManualBoard board;
    FakeServer server;
    MemorySlot slot;
    lms::Options options;
    std::unique_ptr<lms::Client> client;

    /// For a path that contains it, in place of the usual answer.
    std::map<std::string, FakeServer::Reply> instead;
    std::deque<std::string> commands;
    std::string config = "{}";
    int configVersion = 1;
    /// The member `firmware` of the answer, and the image.
    std::string firmware = "null";
    std::string image;
    /// Each reading that was stored, by its JSON; and how many came again.
    std::set<std::string> stored;
    int duplicates = 0;
    /// How many of the next answers to readings are lost after the server has stored them.
    int answersLost = 0;

    static constexpr const char *kID = "0198c5e4-9c1b-7d7c-8f5e-1a2b3c4d5e6f";
    static constexpr const char *kCommand = "0198c5e4-9c1b-7d7c-8f5e-00000000000";

    Rig() {
        options.fleetKey = "lms_prv_x";
        options.serialNumber = "SN-1";
        options.firmwareVersion = "1.0.0";
        options.firmwareEveryMs = 60000;
        options.downloadPiece = 8192;
        options.downloadCheckpoint = 16384;
        server.answer = [this](const FakeServer::Call &call) { return answer(call); };
    }

    /// As after a loss of power.
    void start() {
        board.now = 0;
        slot.current = slot.next;
        client = std::make_unique<lms::Client>(board, storage, server, slot, options);
        client->on("echo", echo, &echoed);
        client->on("restart", [](const lms::Command &, lms::CommandReply &reply) { reply.restartAfterwards(); });
        client->onConfiguration(configure, this);
        client->begin();
    }

    /// Lets so much time pass.
    void run(uint64_t ms) {
        const uint64_t end = board.now + ms;
        const int restarts = board.restarts, rolledBack = slot.rolledBack;
        while (board.now < end) {
            const uint32_t wait = client->step(999);
            // A board that has restarted does nothing more.
            if (board.restarts != restarts || slot.rolledBack != rolledBack) { return; }
            board.now += std::max(wait, 10u);
        }
    }

    void queue(int number, const std::string &type, const std::string &parameters = "{}") {
        commands.push_back(
            R"({"command_type":")" + type + R"(","id":")" + kCommand + std::to_string(number) + R"(","parameters":)" +
            parameters + R"(,"status":"sent"})");
    }

    int echoed = 0;
    std::string configured;
    bool refusesConfig = false;

private:
    static void echo(const lms::Command &command, lms::CommandReply &reply) {
        ++*static_cast<int *>(command.context);
        if (command.parameters["fail"].boolean().value_or(false)) { return reply.fail("as told"); }
        reply.result().raw(command.parameters.text());
    }

    static bool configure(lms::JsonView settings, lms::JsonWriter &, void *context) {
        auto *const rig = static_cast<Rig *>(context);
        if (rig->refusesConfig) { return false; }
        rig->configured = std::string(settings.text());
        return true;
    }

    FakeServer::Reply answer(const FakeServer::Call &call) {
        for (const auto &[part, reply] : instead) {
            if (call.path.find(part) != std::string::npos) { return reply; }
        }
        const auto ends = [&](const std::string &end) {
            return call.path.size() >= end.size() && call.path.substr(call.path.size() - end.size()) == end;
        };
        if (ends("/provision")) {
            return {201, std::string(R"({"device_id":")") + kID + R"(","api_key":"lms_dev_k","config_version":1})"};
        }
        if (ends("/heartbeat")) {
            return {200, R"({"server_time":"2026-01-01T00:00:00.000000Z","pending_commands":0,"config_version":)" +
                             std::to_string(configVersion) + "}"};
        }
        if (ends("/readings")) { return takeReadings(call); }
        if (ends("/logs")) { return {201, R"({"accepted":1,"rejected":[]})"}; }
        if (ends("/config")) {
            if (call.ifNoneMatch == "\"" + std::to_string(configVersion) + "\"") { return {304, ""}; }
            return {200, R"({"config":)" + config + R"(,"version":)" + std::to_string(configVersion) + "}"};
        }
        if (call.method == "GET" && call.path.find("/commands?") != std::string::npos) {
            if (commands.empty()) { return {200, R"({"items":[],"next_cursor":null})"}; }
            const std::string command = commands.front();
            commands.pop_front();
            return {200, R"({"items":[)" + command + R"(],"next_cursor":null})"};
        }
        if (ends("/firmware")) { return {200, R"({"firmware":)" + firmware + "}"}; }
        if (ends("/content")) {
            const auto first = std::strtoul(call.range.c_str() + 6, nullptr, 10);
            const auto last = std::strtoul(call.range.c_str() + call.range.find('-') + 1, nullptr, 10);
            return {206, image.substr(first, last - first + 1), 0, "bytes " + std::to_string(first) + "-"};
        }
        return {200, "{}"};
    }

    FakeServer::Reply takeReadings(const FakeServer::Call &call) {
        const lms::JsonView list = lms::JsonView::parse(call.body)["readings"];
        for (int index = 0; list[index].exists(); ++index) {
            if (!stored.insert(std::string(list[index].text())).second) { ++duplicates; }
        }
        if (answersLost > 0) {
            --answersLost;
            return {0, ""};
        }
        return {201, R"({"accepted":1,"duplicates":0,"rejected":[]})"};
    }
};
