#include <string>

#include "../src/core/WallClock.h"
#include "Check.h"
#include "Fakes.h"

using namespace lms;

TEST("times are read and written as RFC 3339 has them") {
    CHECK(parseTime("1970-01-01T00:00:00Z") == 0);
    CHECK(parseTime("2026-02-28T23:59:59.987654Z") == 1772323199987);
    CHECK(parseTime("2024-02-29T12:00:00.5+02:30") == 1709199000500);
    CHECK(parseTime("2024-02-29t12:00:00-00:30") == 1709209800000);
    for (const char *text :
         {"", "2026", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00.Z",
          "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00+1:00", "2026-1-01T00:00:00Z"}) {
        CHECK(!parseTime(text));
    }
    for (int64_t ms : {int64_t{0}, int64_t{951782400123}, int64_t{1709164800000}, int64_t{4102444799999}}) {
        CHECK(parseTime(timeText(ms).data()) == ms);
    }
    CHECK(std::string(timeText(1772323199987).data()) == "2026-02-28T23:59:59.987000Z");
}

TEST("what was noted before the time was known gets it, and keeps it after corrections and a restart") {
    MemoryStorage storage;
    WallClock clock(storage);
    clock.open();
    const Moment early = clock.note(1500);
    CHECK(!early.isTimed && !clock.time(early) && !clock.isLost(early));
    clock.learn(1000000, 2000);
    CHECK(clock.time(early) == 999500);
    clock.learn(1060000, 3000);
    CHECK(clock.time(early) == 999500);
    CHECK(clock.now(3000) == 1060000);
    WallClock again(storage);
    again.open();
    CHECK(again.time(early) == 999500);
}

TEST("what was noted in a start that never learnt the time has none, for good") {
    MemoryStorage storage;
    WallClock clock(storage);
    clock.open();
    const Moment lost = clock.note(10);
    WallClock next(storage);
    next.open();
    CHECK(next.isLost(lost));
    next.learn(5000000, 100);
    CHECK(next.isLost(lost) && !next.time(lost));
    // Eight starts on, another has its place.
    const Moment old = next.note(200);
    for (int start = 0; start < 8; ++start) {
        WallClock later(storage);
        later.open();
        later.learn(6000000, 100);
        CHECK(later.isLost(lost));
        CHECK(later.time(old).has_value());
    }
}

TEST("no two moments are equal, even when the clock is put back") {
    MemoryStorage storage;
    WallClock clock(storage);
    clock.open();
    Moment last = clock.note(5);
    const Moment second = clock.note(5);
    CHECK(second.ms > last.ms);
    clock.learn(1000000, 10);
    last = clock.note(10);
    CHECK(last.ms >= 1000000 && clock.time(second) < clock.time(last));
    clock.learn(990000, 20);
    for (int reading = 0; reading < 20; ++reading) {
        const Moment next = clock.note(30);
        CHECK(next.ms > last.ms);
        last = next;
    }
}

TEST("moments of two starts have different times for the server, however the clocks went") {
    MemoryStorage storage;
    WallClock first(storage);
    first.open();
    first.learn(1000000, 0);
    const Moment earlier = first.note(10);
    WallClock second(storage);
    second.open();
    second.learn(1000000, 0);
    const Moment later = second.note(10);
    CHECK(earlier.ms == later.ms);
    CHECK(second.text(earlier) != second.text(later));
    CHECK(std::string(second.text(earlier).data()) == std::string(first.text(earlier).data()));
}

TEST("an error below a second is left alone") {
    MemoryStorage storage;
    WallClock clock(storage);
    clock.open();
    clock.learn(1000000, 0);
    clock.learn(1000999, 0);
    CHECK(clock.now(0) == 1000000);
    clock.learn(1001000, 0);
    CHECK(clock.now(0) == 1001000);
}
