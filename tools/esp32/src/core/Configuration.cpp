#include "Configuration.h"

#include <cstdio>

#include "Crc32.h"
#include "SealedFile.h"

namespace lms {

namespace {

constexpr const char *kStateFile = "cfg";
constexpr const char *kSettingsFile = "cfg.set";
constexpr const char *kReportFile = "cfg.rep";

}  // namespace

void Configuration::open() {
    state_ = State();
    load(storage_, kStateFile, state_);
    if (handler_ == nullptr || state_.version == 0) { return; }
    const JsonView settings =
        JsonView::parse(kept(kSettingsFile, state_.settings, link_.scratch(), kResponseSize));
    JsonWriter reported = link_.writer();
    // Damaged settings are fetched again.
    if (!settings.exists() || !handler_(settings, reported, context_)) { forget(); }
}

void Configuration::forget() {
    state_ = State();
    unusable_ = 0;
    save(storage_, kStateFile, state_);
}

bool Configuration::step() {
    if (handler_ == nullptr || !link_.isOpen(gate_)) { return false; }
    if (state_.report.length > 0) { return sendReport(); }
    if (wanted_ == 0 || wanted_ == state_.version || wanted_ == unusable_) { return false; }
    fetch();
    return true;
}

void Configuration::fetch() {
    char tag[32];
    std::snprintf(tag, sizeof tag, "\"%lld\"", static_cast<long long>(state_.version));
    Request request;
    request.path = link_.path("/config");
    if (state_.version > 0) { request.ifNoneMatch = tag; }
    const Answer answer = link_.send(request, gate_);
    if (!answer.isDone()) { return; }
    if (answer.status() == 304) {
        wanted_ = state_.version;
        return;
    }
    const JsonView json = answer.json();
    const auto version = json["version"].integer();
    if (answer.isCut || !version || json["config"].kind() != JsonView::Kind::object) {
        unusable_ = wanted_;
        journal_.logf(
            LogLevel::error, "The configuration %lld is larger than the board can read.",
            static_cast<long long>(wanted_));
        return;
    }
    wanted_ = *version;
    apply(json["config"].text(), *version);
}

void Configuration::apply(std::string_view settings, int64_t version) {
    JsonWriter reported = link_.writer();
    if (!handler_(JsonView::parse(settings), reported, context_)) {
        unusable_ = version;
        journal_.logf(
            LogLevel::warning, "The board cannot work by the configuration %lld.", static_cast<long long>(version));
        return;
    }
    State state;
    state.version = version;
    // The files first: a state that does not fit them is as none, and the configuration is fetched again.
    const bool isKept = keep(kSettingsFile, settings, state.settings);
    keep(kReportFile, reported.text().empty() ? settings : reported.text(), state.report);
    state_ = state;
    if (!isKept) { state.version = 0; }
    save(storage_, kStateFile, state);
}

bool Configuration::sendReport() {
    const std::string_view settings = kept(kReportFile, state_.report, link_.scratch(), kResponseSize);
    JsonWriter writer = link_.writer();
    writer.beginObject().key("config").raw(settings).key("version").integer(state_.version).endObject();
    // What is damaged, or too large to be sent, is not reported; the heartbeat tells the version all the same.
    if (!settings.empty() && writer.isOK()) {
        Request request;
        request.method = "PUT";
        request.path = link_.path("/config/reported");
        request.body = writer.text();
        if (link_.send(request, gate_).verdict == Verdict::later) { return true; }
    }
    state_.report = Content();
    save(storage_, kStateFile, state_);
    return true;
}

bool Configuration::keep(const char *file, std::string_view bytes, Content &content) {
    if (!storage_.replace(file, bytes.data(), bytes.size())) { return false; }
    content = {static_cast<uint32_t>(bytes.size()), crc32(bytes.data(), bytes.size())};
    return true;
}

std::string_view Configuration::kept(const char *file, const Content &content, char *buffer, size_t capacity) {
    if (content.length == 0 || content.length > capacity) { return {}; }
    if (storage_.read(file, 0, buffer, content.length) != content.length) { return {}; }
    if (crc32(buffer, content.length) != content.crc) { return {}; }
    return {buffer, content.length};
}

}  // namespace lms
