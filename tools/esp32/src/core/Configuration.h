#pragma once

#include "Journal.h"
#include "Link.h"

namespace lms {

/// Makes the board work as `settings` say, which are an object, and writes the settings that it works with then to
/// `reported`, as one JSON value; where it writes nothing they are reported as they are. False to work as before.
using ConfigHandler = bool (*)(JsonView settings, JsonWriter &reported, void *context);

/// The board's configuration: fetched when the server has another version, applied, reported, and kept in flash, so
/// that the board works by it after a restart before it has reached the server.
class Configuration {
public:
    Configuration(Storage &storage, Link &link, Journal &journal)
        : storage_(storage), link_(link), journal_(journal) {}

    void use(ConfigHandler handler, void *context) {
        handler_ = handler;
        context_ = context;
    }

    /// Applies what is kept.
    void open();

    /// Fetches, applies and reports, a step each, where there is something to do and it is time to.
    ///
    /// Returns whether anything was done.
    bool step();

    /// The server says that this version is the one to have.
    void want(int64_t version) { wanted_ = version; }

    /// The version that the board works with; 0 for none.
    int64_t applied() const { return state_.version; }

    /// For a board that is another device now.
    void forget();

private:
    /// A file whose content the state tells of.
    struct Content {
        uint32_t length = 0;
        uint32_t crc = 0;
    };

    struct State {
        uint32_t layout = 1;
        uint32_t padding = 0;
        int64_t version = 0;
        Content settings;
        /// Of the body of a report that the server has not got yet; empty for none.
        Content report;
    };

    void fetch();
    void apply(std::string_view settings, int64_t version);
    bool sendReport();
    bool keep(const char *file, std::string_view bytes, Content &content);
    std::string_view kept(const char *file, const Content &content, char *buffer, size_t capacity);

    Storage &storage_;
    Link &link_;
    Journal &journal_;
    ConfigHandler handler_ = nullptr;
    void *context_ = nullptr;
    State state_;
    Gate gate_;
    int64_t wanted_ = 0;
    /// A version that the board cannot work with.
    int64_t unusable_ = 0;
};

}  // namespace lms
