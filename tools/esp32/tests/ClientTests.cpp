#include "Check.h"
#include "Rig.h"

using namespace lms;

TEST("a board provisions itself once, and keeps its device and key") {
    Rig rig;
    rig.start();
    rig.run(1000);
    CHECK(rig.server.count("POST", "/provision") == 1);
    CHECK(rig.server.calls[0].bearer.empty());
    CHECK(JsonView::parse(rig.server.calls[0].body)["serial_number"].equals("SN-1"));
    CHECK(rig.server.last("POST", "/heartbeat")->bearer == "lms_dev_k");
    rig.start();
    rig.run(1000);
    CHECK(rig.server.count("POST", "/provision") == 1);
    CHECK(std::string(rig.client->deviceID()) == Rig::kID);
}

TEST("readings that were measured before the time was known, and while the server was away, arrive once") {
    Rig rig;
    rig.instead["/"] = {0, ""};
    rig.start();
    for (int reading = 0; reading < 120; ++reading) {
        CHECK(rig.client->record("temperature", reading, "°C"));
        rig.run(1000);
    }
    CHECK(rig.stored.empty() && rig.client->hasUnsentReadings());
    // Up to five minutes between two tries, so not a request a second.
    CHECK(rig.server.calls.size() < 20);
    rig.instead.clear();
    rig.answersLost = 1;
    rig.run(600000);
    CHECK(rig.stored.size() == 120);
    CHECK(rig.duplicates > 20 && rig.duplicates <= 50);
    CHECK(!rig.client->hasUnsentReadings());
    CHECK(rig.stored.begin()->find("\"timestamp\":\"202") != std::string::npos);
}

TEST("wherever the power fails, a reading that was confirmed arrives, and the same one is never two") {
    for (long power = 0; power < 2200; power += 3) {
        Rig rig;
        rig.start();
        rig.run(1000);
        rig.storage.power = rig.storage.written + power;
        int confirmed = 0;
        for (int reading = 0; reading < 20 && !rig.storage.isDead(); ++reading) {
            if (rig.client->record("n", reading)) { ++confirmed; }
            rig.run(100);
        }
        rig.storage.power = -1;
        rig.start();
        rig.run(5000);
        std::set<std::string> values;
        for (const std::string &reading : rig.stored) {
            const JsonView view = JsonView::parse(reading);
            CHECK(values.insert(std::string(view["value"].text())).second);
        }
        CHECK(static_cast<int>(values.size()) >= confirmed);
        CHECK(static_cast<int>(values.size()) <= confirmed + 1);
    }
}

TEST("readings of a start that never learnt the time are given up and counted") {
    Rig rig;
    rig.instead["/"] = {0, ""};
    rig.start();
    rig.client->record("n", 1);
    rig.run(1000);
    rig.instead.clear();
    rig.start();
    rig.client->record("n", 2);
    rig.run(5000);
    CHECK(rig.stored.size() == 1);
    CHECK(rig.client->rejectedReadings() == 1);
    rig.run(61000);
    CHECK(rig.server.last("POST", "/logs")->body.find("had no time") != std::string::npos);
}

TEST("of a batch that is refused each reading is tried alone, once") {
    Rig rig;
    rig.start();
    rig.run(500);
    for (int reading = 0; reading < 5; ++reading) { rig.client->record("n", reading); }
    rig.instead["/readings"] = {422, "{}"};
    rig.run(600000);
    CHECK(rig.server.count("POST", "/readings") == 6);
    CHECK(rig.client->rejectedReadings() == 5);
    CHECK(!rig.client->hasUnsentReadings());
    rig.instead.clear();
    rig.client->record("n", 6);
    rig.run(1000);
    CHECK(rig.stored.size() == 1);
}

TEST("single readings that the server rejects are counted, and not sent again") {
    Rig rig;
    rig.start();
    rig.run(500);
    rig.instead["/readings"] = {201, R"({"accepted":1,"duplicates":0,"rejected":[{"index":0},{"index":2}]})"};
    for (int reading = 0; reading < 3; ++reading) { rig.client->record("n", reading); }
    rig.run(5000);
    CHECK(rig.server.count("POST", "/readings") == 1);
    CHECK(rig.client->rejectedReadings() == 2);
}

TEST("429 and 503 are heard: nothing is sent before Retry-After has passed, and other requests go on") {
    for (int status : {429, 503}) {
        Rig rig;
        rig.start();
        rig.run(500);
        rig.instead["/readings"] = {status, "{}", 120};
        rig.client->record("n", 1);
        rig.run(119000);
        CHECK(rig.server.count("POST", "/readings") == 1);
        CHECK(rig.server.count("POST", "/heartbeat") >= 2);
        rig.run(40000);
        CHECK(rig.server.count("POST", "/readings") == 2);
    }
}

TEST("a key that is refused for a quarter of an hour is changed for another one, and readings stay") {
    Rig rig;
    rig.start();
    rig.run(500);
    rig.client->record("n", 1);
    rig.instead["devices/0198"] = {401, "{}"};
    rig.run(14 * 60000);
    CHECK(rig.server.count("POST", "/provision") == 1);
    CHECK(rig.server.calls.size() < 80);
    rig.run(3 * 60000);
    CHECK(rig.server.count("POST", "/provision") >= 2);
    rig.instead.clear();
    rig.run(10 * 60000);
    CHECK(rig.stored.size() == 1);
}

TEST("a fleet key that is refused is asked with at most every few minutes") {
    Rig rig;
    rig.instead["/provision"] = {401, "{}"};
    rig.start();
    rig.run(3600000);
    CHECK(rig.server.calls.size() < 40);
    CHECK(rig.server.count("POST", "/provision") == static_cast<int>(rig.server.calls.size()));
}

TEST("what cannot be a reading is not kept") {
    Rig rig;
    rig.start();
    CHECK(!rig.client->record("n", NAN) && !rig.client->record("n", INFINITY));
    CHECK(!rig.client->record(std::string(65, 'x').c_str(), 1));
    CHECK(!rig.client->record("n", 1, std::string(33, 'x').c_str()));
    CHECK(!rig.client->recordText("n", std::string(301, 'x').c_str()));
    CHECK(!rig.client->hasUnsentReadings());
    CHECK(rig.client->recordText("n", "a\"b") && rig.client->recordFlag("f", true));
}

TEST("a log entry without a time goes alone, with the same key when it is sent again") {
    Rig rig;
    rig.instead["/"] = {0, ""};
    rig.start();
    rig.client->log(LogLevel::info, "one");
    rig.client->log(LogLevel::info, "two");
    rig.run(1000);
    rig.instead.clear();
    rig.instead["/logs"] = {503, "{}"};
    rig.start();
    rig.run(20000);
    const auto first = *rig.server.last("POST", "/logs");
    CHECK(!first.key.empty() && first.body.find("one") != std::string::npos);
    CHECK(first.body.find("two") == std::string::npos && first.body.find("timestamp") == std::string::npos);
    rig.instead.clear();
    rig.run(60000);
    const auto second = *rig.server.last("POST", "/logs");
    CHECK(second.body.find("two") != std::string::npos && second.key != first.key);
    const auto again = std::count(rig.server.calls.begin(), rig.server.calls.end(), first);
    CHECK(again >= 2);
    for (const auto &call : rig.server.calls) { CHECK(!(call == first) || call.key == first.key); }
}

TEST("the configuration is applied, reported, and applied again after a restart without the server") {
    Rig rig;
    rig.config = R"({"interval":30})";
    rig.start();
    rig.run(1000);
    CHECK(rig.configured == rig.config);
    CHECK(rig.server.last("PUT", "/config/reported")->body == R"({"config":{"interval":30},"version":1})");
    rig.run(61000);
    CHECK(JsonView::parse(rig.server.last("POST", "/heartbeat")->body)["config_version"].integer() == 1);
    CHECK(rig.server.count("GET", "/config") == 1);
    rig.configured.clear();
    rig.instead["/"] = {0, ""};
    rig.start();
    CHECK(rig.configured == rig.config);
}

TEST("a report of the configuration that failed is sent again, after a restart too") {
    Rig rig;
    rig.instead["/config/reported"] = {503, "{}", 60};
    rig.start();
    rig.run(1000);
    rig.instead.clear();
    rig.start();
    rig.run(1000);
    CHECK(rig.server.last("PUT", "/config/reported")->body == R"({"config":{},"version":1})");
    CHECK(rig.server.count("PUT", "/config/reported") == 2);
    CHECK(rig.server.count("GET", "/config") == 1);
}

TEST("a configuration that is refused or too large is fetched once, and not reported") {
    for (const bool isLarge : {false, true}) {
        Rig rig;
        rig.refusesConfig = !isLarge;
        if (isLarge) { rig.config = "{\"a\":\"" + std::string(10000, 'x') + "\"}"; }
        rig.start();
        rig.run(200000);
        CHECK(rig.server.count("GET", "/config") == 1);
        CHECK(rig.server.count("PUT", "/config/reported") == 0);
        CHECK(rig.server.count("POST", "/logs") >= 1);
        rig.refusesConfig = false;
        rig.config = "{}";
        rig.configVersion = 2;
        rig.run(61000);
        CHECK(rig.configured == "{}");
    }
}
