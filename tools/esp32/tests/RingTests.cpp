#include <string>
#include <vector>

#include "../src/core/RecordRing.h"
#include "Check.h"
#include "Fakes.h"

using namespace lms;

namespace {

constexpr RecordRing::Shape kShape = {"r", 3, 100};

std::string record(int number) { return "record " + std::to_string(number) + std::string(number % 17, '.'); }

/// The numbers of all records from the first that was not taken; -1 for one that nobody wrote.
std::vector<int> content(RecordRing &ring) {
    std::vector<int> numbers;
    RecordRing::Position position = ring.begin();
    uint8_t bytes[RecordRing::kLongestRecord];
    for (size_t count = 0; ring.read(position, bytes, count);) {
        const std::string text(reinterpret_cast<char *>(bytes), count);
        const int number = std::atoi(text.c_str() + 7);
        numbers.push_back(text == record(number) ? number : -1);
    }
    return numbers;
}

bool append(RecordRing &ring, int number) {
    const std::string text = record(number);
    return ring.append(text.data(), text.size());
}

/// Takes the first records.
void take(RecordRing &ring, int count) {
    RecordRing::Position position = ring.begin();
    uint8_t bytes[RecordRing::kLongestRecord];
    size_t length = 0;
    for (int index = 0; index < count; ++index) { ring.read(position, bytes, length); }
    ring.take(position);
}

}  // namespace

TEST("records come out as they went in, also after a restart, until they are taken") {
    MemoryStorage storage;
    RecordRing ring(storage, kShape);
    ring.open();
    CHECK(ring.isEmpty());
    for (int number = 0; number < 4; ++number) { CHECK(append(ring, number)); }
    CHECK(content(ring) == (std::vector<int>{0, 1, 2, 3}));
    take(ring, 2);
    CHECK(content(ring) == (std::vector<int>{2, 3}));
    RecordRing again(storage, kShape);
    again.open();
    CHECK(content(again) == (std::vector<int>{2, 3}));
    take(again, 2);
    CHECK(again.isEmpty() && again.dropped() == 0);
    CHECK(append(again, 4));
    CHECK(content(again) == (std::vector<int>{4}));
}

TEST("a full ring drops the oldest, counts them, and takes no more room") {
    MemoryStorage storage;
    RecordRing ring(storage, kShape);
    ring.open();
    for (int number = 0; number < 200; ++number) {
        CHECK(append(ring, number));
        const std::vector<int> there = content(ring);
        CHECK(there.size() + ring.dropped() == static_cast<size_t>(number) + 1);
        for (size_t index = 0; index < there.size(); ++index) {
            CHECK(there[index] == static_cast<int>(ring.dropped() + index));
        }
        size_t bytes = 0;
        for (const auto &[name, file] : storage.files) { bytes += name == "r.at" ? 0 : file.size(); }
        CHECK(bytes <= 300);
    }
    CHECK(ring.dropped() > 150);
    RecordRing again(storage, kShape);
    again.open();
    CHECK(again.dropped() == ring.dropped() && content(again) == content(ring));
}

TEST("a record that is empty or too long is refused") {
    MemoryStorage storage;
    RecordRing ring(storage, {"r", 2, 4096});
    ring.open();
    const std::string longest(RecordRing::kLongestRecord + 1, 'x');
    CHECK(!ring.append("", 0));
    CHECK(!ring.append(longest.data(), longest.size()));
    CHECK(ring.append(longest.data(), longest.size() - 1));
}

TEST("wherever the power fails, what was kept is there, whole and in its order") {
    // What the whole costs, and then the power fails at each of its bytes.
    const auto work = [](MemoryStorage &storage, std::vector<int> &kept, int &taken) {
        RecordRing ring(storage, kShape);
        ring.open();
        for (int number = 0; number < 24 && !storage.isDead(); ++number) {
            if (append(ring, number)) { kept.push_back(number); }
            if (number % 5 == 4 && !storage.isDead()) {
                const std::vector<int> there = content(ring);
                take(ring, 3);
                // At the latest; the note may have been lost.
                if (there.size() >= 3) { taken = std::max(taken, there[2] + 1); }
            }
        }
    };
    MemoryStorage whole;
    std::vector<int> all;
    int allTaken = 0;
    work(whole, all, allTaken);
    CHECK(all.size() == 24);
    for (long power = 0; power <= whole.written; ++power) {
        MemoryStorage storage;
        storage.power = power;
        std::vector<int> kept;
        int taken = 0;
        work(storage, kept, taken);
        storage.power = -1;
        RecordRing ring(storage, kShape);
        ring.open();
        const std::vector<int> there = content(ring);
        // In their order, one by one, the last perhaps one that was not confirmed.
        for (size_t index = 0; index < there.size(); ++index) {
            CHECK(there[index] >= 0);
            CHECK(index == 0 || there[index] == there[index - 1] + 1);
        }
        if (!kept.empty() && kept.back() >= taken) {
            CHECK(!there.empty());
            CHECK(!there.empty() && (there.back() == kept.back() || there.back() == kept.back() + 1));
        }
        // Nothing is missing at the front but what was taken or dropped.
        if (!there.empty()) {
            CHECK(there[0] <= std::max(taken, static_cast<int>(ring.dropped()) + taken));
        }
        // And it goes on.
        const int next = there.empty() ? 100 : there.back() + 1;
        CHECK(append(ring, next));
        const std::vector<int> after = content(ring);
        CHECK(!after.empty() && after.back() == next);
        RecordRing again(storage, kShape);
        again.open();
        CHECK(content(again) == after);
    }
}

TEST("a damaged record costs the rest of its file, and nothing else") {
    MemoryStorage storage;
    RecordRing ring(storage, kShape);
    ring.open();
    for (int number = 0; number < 8; ++number) { append(ring, number); }
    const std::vector<int> before = content(ring);
    for (auto &[name, file] : storage.files) {
        if (name != "r.at" && name == "r.1") { file[25] ^= 0x10; }
    }
    RecordRing again(storage, kShape);
    again.open();
    const std::vector<int> after = content(again);
    CHECK(after.size() < before.size());
    CHECK(!after.empty() && after.back() == 7);
    for (int number : after) { CHECK(number >= 0); }
}
