#include "Journal.h"

#include <array>
#include <cstdarg>
#include <cstdio>

#include "JsonWriter.h"

namespace lms {

bool Journal::log(LogLevel level, std::string_view message) {
    static constexpr const char *kNames[] = {"debug", "info", "warning", "error", "critical"};
    Text<kLongestMessage> text;
    text.assignCut(message.empty() ? std::string_view("-") : message);
    std::array<char, RecordRing::kLongestRecord> buffer;
    JsonWriter writer(buffer.data(), buffer.size());
    writer.member("level", kNames[static_cast<int>(level)]).member("message", text.view());
    return writer.isOK() && logs_.add(clock_.note(board_.uptimeMs()), writer.text());
}

bool Journal::logf(LogLevel level, const char *format, ...) {
    std::array<char, kLongestMessage + 1> message;
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(message.data(), message.size(), format, arguments);
    va_end(arguments);
    return log(level, message.data());
}

}  // namespace lms
