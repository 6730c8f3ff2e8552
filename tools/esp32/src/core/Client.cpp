#include "Client.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace lms {

namespace {

constexpr size_t kLongestSensor = 64;
constexpr size_t kLongestUnit = 32;
constexpr size_t kLongestText = 300;

constexpr Outbox::Kind kReadings = {"/readings", "readings", false};
constexpr Outbox::Kind kLogs = {"/logs", "entries", true};

uint32_t until(uint64_t then, uint64_t now) {
    return then > now ? static_cast<uint32_t>(std::min<uint64_t>(then - now, UINT32_MAX)) : 0;
}

}  // namespace

Client::Client(Board &board, Storage &storage, Transport &transport, FirmwareSlot &slot, const Options &options)
    : options_(options),
      board_(board),
      identity_(storage),
      clock_(storage),
      link_(transport, board, identity_),
      readings_(storage, link_, clock_, options.readings, kReadings),
      logs_(storage, link_, clock_, options.logs, kLogs),
      journal_(logs_, clock_, board),
      commands_(storage, link_, journal_, options.results),
      configuration_(storage, link_, journal_),
      firmware_(storage, slot, link_, journal_, commands_, options_) {}

void Client::begin() {
    identity_.open();
    clock_.open();
    readings_.open();
    logs_.open();
    commands_.open();
    firmware_.open();
    commands_.abandonAllBut(firmware_.command());
    configuration_.open();
    toldDropped_ = readings_.dropped();
}

// MARK: Readings

bool Client::record(const char *sensor, double value, const char *unit) {
    if (!std::isfinite(value) || std::strlen(unit) > kLongestUnit || std::strlen(sensor) > kLongestSensor) {
        return false;
    }
    std::array<char, RecordRing::kLongestRecord> buffer;
    JsonWriter writer(buffer.data(), buffer.size());
    writer.member("sensor_type", sensor).key("value").number(value);
    if (unit[0] != 0) { writer.member("unit", unit); }
    return keepReading(writer);
}

bool Client::recordText(const char *sensor, const char *text) {
    if (std::strlen(text) > kLongestText || std::strlen(sensor) > kLongestSensor) { return false; }
    std::array<char, RecordRing::kLongestRecord> buffer;
    JsonWriter writer(buffer.data(), buffer.size());
    return keepReading(writer.member("sensor_type", sensor).member("value", text));
}

bool Client::recordFlag(const char *sensor, bool value) {
    if (std::strlen(sensor) > kLongestSensor) { return false; }
    std::array<char, RecordRing::kLongestRecord> buffer;
    JsonWriter writer(buffer.data(), buffer.size());
    return keepReading(writer.member("sensor_type", sensor).key("value").boolean(value));
}

bool Client::keepReading(const JsonWriter &members) {
    return members.isOK() && readings_.add(clock_.note(board_.uptimeMs()), members.text());
}

// MARK: Work

uint32_t Client::step(uint32_t budgetMs) {
    if (work()) { return 0; }
    const uint64_t now = board_.uptimeMs();
    const bool mayPoll = identity_.isKnown() && clock_.isKnown() && commands_.mayPoll();
    const uint32_t untilBeat = until(std::max(beatAt_, beatGate_.notBefore()), now);
    const uint32_t wait = std::min({options_.pollWaitS, budgetMs / 1000, std::max(untilBeat / 1000, 1u)});
    if (mayPoll && (wait > 0 || now >= pollAt_)) {
        commands_.poll(wait);
        pollAt_ = board_.uptimeMs() + options_.pollEveryMs;
        return 0;
    }
    // Soon enough for whatever has to wait: no gate is closed for less than half a second.
    return std::min(budgetMs, 250u);
}

/// Does the most urgent thing; false where there is nothing to be done now.
bool Client::work() {
    const uint64_t now = board_.uptimeMs();
    firmware_.checkTrial();
    if (!clock_.isKnown()) {
        if (const auto time = board_.networkTime()) { clock_.learn(*time, now); }
    }
    if (options_.fleetKey != nullptr && mustProvision() && link_.isOpen(provisionGate_)) {
        provision();
        return true;
    }
    // A key that was refused is tried again all the same: the fleet key may be none any more.
    if (!identity_.isKnown()) { return false; }
    if (now >= beatAt_ && link_.isOpen(beatGate_)) {
        beat();
        return true;
    }
    // Without the time nothing is known of the server, and readings have none.
    if (!clock_.isKnown()) { return false; }
    if (commands_.report() || readings_.step() || logs_.step() || configuration_.step()) { return true; }
    // Commands do not wait for the end of a download.
    if (firmware_.isDownloading() && now >= pollAt_ && commands_.mayPoll()) {
        pollAt_ = now + options_.pollEveryMs;
        commands_.poll(0);
        return true;
    }
    return firmware_.step();
}

bool Client::mustProvision() const {
    if (!identity_.isKnown()) { return true; }
    const auto since = link_.refusedSince();
    return since && board_.uptimeMs() - *since >= options_.refusedForMs;
}

/// Asks for a device, or for another key of the one that the board had.
void Client::provision() {
    JsonWriter writer = link_.writer();
    writer.beginObject().member("provisioning_key", options_.fleetKey).member("serial_number", options_.serialNumber);
    writer.member("device_type", options_.deviceType).member("firmware_version", firmware_.version());
    if (options_.model != nullptr) { writer.member("model", options_.model); }
    if (options_.macAddress != nullptr) { writer.member("mac_address", options_.macAddress); }
    writer.endObject();
    Request request;
    request.method = "POST";
    request.path = "/api/v1/devices/provision";
    request.body = writer.text();
    const Answer answer = link_.send(request, provisionGate_, true);
    if (answer.verdict == Verdict::later) { return; }
    const JsonView json = answer.json();
    Text<36> id;
    Text<127> key;
    json["device_id"].copy(id.characters, sizeof id.characters);
    json["api_key"].copy(key.characters, sizeof key.characters);
    const bool isOther = id.view() != identity_.id();
    if (!answer.isDone() || !identity_.adopt(id.view(), key.view())) {
        // A plan that is full, say: people may change that, but not by being asked every second.
        provisionGate_.failed(board_.uptimeMs(), board_.random(), 60);
        return;
    }
    link_.forgetRefusals();
    if (isOther) { configuration_.forget(); }
    beatAt_ = 0;
}

void Client::beat() {
    JsonWriter writer = link_.writer();
    const uint64_t sent = board_.uptimeMs();
    const Vitals vitals = board_.vitals();
    writer.beginObject().member("firmware_version", firmware_.version());
    writer.key("uptime_s").integer(static_cast<int64_t>(sent / 1000 % 4294967296));
    if (vitals.batteryLevel) { writer.key("battery_level").number(std::clamp(*vitals.batteryLevel, 0.0, 100.0)); }
    if (vitals.signalStrength) {
        writer.key("wifi_signal_strength").integer(std::clamp(*vitals.signalStrength, -200, 100));
    }
    if (configuration_.applied() > 0) { writer.key("config_version").integer(configuration_.applied()); }
    writer.endObject();
    Request request;
    request.method = "POST";
    request.path = link_.path("/heartbeat");
    request.body = writer.text();
    const Answer answer = link_.send(request, beatGate_);
    if (answer.verdict == Verdict::later) { return; }
    const uint64_t now = board_.uptimeMs();
    beatAt_ = now + options_.heartbeatEveryMs;
    if (!answer.isDone()) { return; }
    firmware_.confirm();
    const JsonView json = answer.json();
    Text<40> time;
    json["server_time"].copy(time.characters, sizeof time.characters);
    if (const auto ms = parseTime(time.view())) {
        // The server looked at its clock while the answer was under way.
        clock_.learn(*ms, sent + (now - sent) / 2);
    }
    if (const auto version = json["config_version"].integer()) { configuration_.want(*version); }
    tellOfLosses();
}

/// Says in the log what has been lost since it said so last.
void Client::tellOfLosses() {
    const uint32_t dropped = readings_.dropped(), rejected = readings_.rejected();
    if (dropped != toldDropped_) {
        journal_.logf(
            LogLevel::warning, "%u readings were dropped, as the flash was full.",
            static_cast<unsigned>(dropped - toldDropped_));
    }
    if (rejected != toldRejected_) {
        journal_.logf(
            LogLevel::warning, "%u readings were refused or had no time.",
            static_cast<unsigned>(rejected - toldRejected_));
    }
    toldDropped_ = dropped;
    toldRejected_ = rejected;
}

}  // namespace lms
