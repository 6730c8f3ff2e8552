#include "Commands.h"

#include <cstdio>
#include <cstring>

namespace lms {

namespace {

constexpr size_t kIDLength = 36;
constexpr const char *kAcknowledged = R"({"status":"acknowledged"})";
constexpr const char *kInterrupted = "The board restarted while it carried the command out.";

}  // namespace

void CommandReply::fail(std::string_view reason) {
    hasFailed_ = true;
    reason_.assignCut(reason);
}

bool Commands::on(const char *type, CommandHandler handler, void *context) {
    if (handlerCount_ == handlers_.size()) { return false; }
    handlers_[handlerCount_++] = {type, handler, context};
    return true;
}

const Commands::Handler *Commands::handler(std::string_view type) const {
    for (const Handler &handler : handlers_) {
        if (handler.type != nullptr && type == handler.type) { return &handler; }
    }
    return nullptr;
}

void Commands::open() {
    ledger_.open();
    results_.open();
}

void Commands::abandonAllBut(std::string_view underWay) {
    while (const char *id = ledger_.unfinished(underWay)) {
        CommandID interrupted;
        interrupted.assign(id);
        settle(interrupted.view(), false, {}, kInterrupted);
    }
}

void Commands::settle(std::string_view id, bool hasSucceeded, std::string_view result, std::string_view reason) {
    if (id.size() != kIDLength) { return; }
    std::array<char, RecordRing::kLongestRecord> record;
    std::memcpy(record.data(), id.data(), kIDLength);
    bool isKept = false;
    // Rather without the result than not at all.
    for (const bool isShort : {false, true}) {
        JsonWriter writer(record.data() + kIDLength, record.size() - kIDLength);
        writer.beginObject().member("status", hasSucceeded ? "succeeded" : "failed");
        if (!hasSucceeded) { writer.member("error", isShort ? std::string_view() : reason); }
        if (!result.empty() && !isShort) { writer.key("result").raw(result); }
        writer.endObject();
        isKept = writer.isOK() && results_.append(record.data(), kIDLength + writer.text().size());
        if (isKept) { break; }
    }
    if (!isKept) { journal_.log(LogLevel::error, "The result of a command could not be kept."); }
    // Last: if the power fails before, it is told as interrupted, too, and of two results the first counts.
    ledger_.note(id, hasSucceeded ? CommandLedger::State::succeeded : CommandLedger::State::failed);
}

bool Commands::report() {
    RecordRing::Position next = results_.begin();
    uint8_t record[RecordRing::kLongestRecord];
    size_t count = 0;
    const bool isAny = results_.read(next, record, count) && count > kIDLength;
    bool wasSent = false;
    if (isAny && link_.isOpen(reportGate_)) {
        char suffix[64];
        std::snprintf(suffix, sizeof suffix, "/commands/%.36s", reinterpret_cast<const char *>(record));
        Request request;
        request.method = "PUT";
        request.path = link_.path(suffix);
        request.body = {reinterpret_cast<const char *>(record) + kIDLength, count - kIDLength};
        const Answer answer = link_.send(request, reportGate_);
        // A command that is no more, or ended otherwise, is not told of again.
        if (answer.verdict != Verdict::later || answer.status() == 404) { results_.take(next); }
        wasSent = true;
    }
    if (restarts_) {
        restarts_ = false;
        link_.board().restart();
    }
    return wasSent;
}

void Commands::poll(uint32_t waitS) {
    char suffix[48];
    std::snprintf(suffix, sizeof suffix, "/commands?limit=1&wait=%u", static_cast<unsigned>(waitS));
    Request request;
    request.path = link_.path(suffix);
    request.timeoutMs += waitS * 1000;
    const Answer answer = link_.send(request, gate_);
    if (answer.isDone()) { take(answer); }
}

void Commands::take(const Answer &answer) {
    const JsonView item = answer.json()["items"][0];
    CommandID id;
    Text<64> type;
    if (!item["id"].copy(id.characters, sizeof id.characters) || id.view().size() != kIDLength) { return; }
    item["command_type"].copy(type.characters, sizeof type.characters);
    const CommandLedger::State state = ledger_.find(id.view());
    if (state != CommandLedger::State::unknown) { return takeAgain(id, state); }
    const Handler *const handler = this->handler(type.view());
    if (answer.isCut) { return settle(id.view(), false, {}, "The command is larger than the board can read."); }
    if (handler == nullptr) { return settle(id.view(), false, {}, "The board knows no such command."); }
    if (!ledger_.note(id.view(), CommandLedger::State::begun)) {
        // Without the note it might be carried out twice.
        return settle(id.view(), false, {}, "The board's flash takes nothing.");
    }
    // The request does away with the answer in which the parameters stand.
    if (!parameters_.assign(item["parameters"].text())) {
        return settle(id.view(), false, {}, "The parameters are larger than the board can read.");
    }
    if (!isWanted(id)) {
        ledger_.note(id.view(), CommandLedger::State::failed);
        return;
    }
    const Command command = {id.c_str(), type.c_str(), JsonView::parse(parameters_.view()), handler->context};
    carryOut(command, *handler);
}

/// The answer to the report may have been lost, or the acknowledgement.
void Commands::takeAgain(const CommandID &id, CommandLedger::State state) {
    if (state == CommandLedger::State::begun) {
        isWanted(id);
    } else if (results_.isEmpty()) {
        settle(id.view(), state == CommandLedger::State::succeeded, {}, "The command failed before.");
    }
}

/// Acknowledges a command. False where it was taken back meanwhile; where nobody answers it counts as handed out.
bool Commands::isWanted(const CommandID &id) {
    char suffix[64];
    std::snprintf(suffix, sizeof suffix, "/commands/%s", id.c_str());
    Request request;
    request.method = "PUT";
    request.path = link_.path(suffix);
    request.body = kAcknowledged;
    const Answer answer = link_.send(request, gate_);
    return answer.verdict != Verdict::conflict && answer.status() != 404;
}

void Commands::carryOut(const Command &command, const Handler &handler) {
    CommandReply reply;
    handler.handle(command, reply);
    restarts_ = restarts_ || reply.restarts_;
    if (reply.isLater_ && !reply.hasFailed_) { return; }
    settle(command.id, !reply.hasFailed_, reply.result_.text(), reply.reason_.view());
}

}  // namespace lms
