#pragma once

#include "JsonWriter.h"
#include "Link.h"
#include "RecordRing.h"
#include "WallClock.h"

namespace lms {

/// Readings or log entries on their way to the server: in flash until the server has answered that it has them.
///
/// Each has its time, and the server takes the same one at the same time once. So a batch is simply sent again until
/// there is an answer, and one that was half answered, or comes again after a loss of power, counts once.
class Outbox {
public:
    static constexpr int kMostInBatch = 50;

    struct Kind {
        /// Behind the device's path.
        const char *path;
        /// The member that holds the list.
        const char *list;
        /// Whether entries whose time nobody will ever know count, with the time of their arrival. Others are given up.
        bool takesUntimed;
    };

    Outbox(Storage &storage, Link &link, WallClock &clock, RecordRing::Shape shape, Kind kind)
        : ring_(storage, shape), link_(link), clock_(clock), kind_(kind) {}

    void open() { ring_.open(); }

    /// Keeps an entry, as the members of its JSON object without its time.
    bool add(const Moment &moment, std::string_view members);

    /// Sends a batch, if there is something to send and it is time to.
    ///
    /// Returns whether anything was done.
    bool step();

    bool isEmpty() { return ring_.isEmpty(); }

    /// How many entries had to go since there was no room, since the board was new.
    uint32_t dropped() const { return ring_.dropped(); }
    /// How many the server refused, or had no time, since the start.
    uint32_t rejected() const { return rejected_; }

private:
    struct Batch {
        RecordRing::Position end;
        int entries = 0;
        /// Entries without a time that nobody wants.
        int lost = 0;
        /// Whether it is one entry without a time.
        bool isUntimed = false;
    };

    Batch fill(JsonWriter &writer);
    void finish(const Batch &batch, const Answer &answer);

    RecordRing ring_;
    Link &link_;
    WallClock &clock_;
    const Kind kind_;
    Gate gate_;
    uint32_t rejected_ = 0;
    /// How many entries go one by one, since something is wrong with a batch that they were in.
    int alone_ = 0;
};

}  // namespace lms
