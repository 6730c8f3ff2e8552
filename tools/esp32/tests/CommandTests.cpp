#include "Check.h"
#include "Rig.h"

using namespace lms;

namespace {

/// What was said of a command, without the acknowledgements.
std::vector<std::string> results(const Rig &rig) {
    std::vector<std::string> found;
    for (const auto &call : rig.server.calls) {
        const bool isReport = call.method == "PUT" && call.path.find("/commands/") != std::string::npos;
        if (isReport && call.body.find("acknowledged") == std::string::npos) { found.push_back(call.body); }
    }
    return found;
}

}  // namespace

TEST("a command is acknowledged, carried out and reported, with its result") {
    Rig rig;
    rig.queue(1, "echo", R"({"a":[1,2]})");
    rig.start();
    rig.run(30000);
    CHECK(rig.echoed == 1);
    CHECK(rig.server.count("PUT", "/commands/") == 2);
    CHECK(results(rig) == (std::vector<std::string>{R"({"status":"succeeded","result":{"a":[1,2]}})"}));
}

TEST("a command that fails, or that nobody knows, is reported as failed") {
    Rig rig;
    rig.queue(1, "echo", R"({"fail":true})");
    rig.queue(2, "dance");
    rig.start();
    rig.run(60000);
    CHECK(
        results(rig) == (std::vector<std::string>{
                            R"({"status":"failed","error":"as told"})",
                            R"({"status":"failed","error":"The board knows no such command."})"}));
}

TEST("a command that is handed out twice is carried out once, after a restart too") {
    Rig rig;
    rig.queue(1, "echo");
    rig.queue(1, "echo");
    rig.start();
    rig.run(60000);
    CHECK(rig.echoed == 1);
    rig.queue(1, "echo");
    rig.start();
    rig.run(60000);
    CHECK(rig.echoed == 1);
    // It is told again how it ended.
    CHECK(results(rig).back().find("succeeded") != std::string::npos);
}

TEST("a result that could not be reported is kept, and reported after a restart") {
    Rig rig;
    rig.queue(1, "echo", R"({"x":1})");
    rig.instead["/commands/0198"] = {503, "{}"};
    rig.start();
    rig.run(60000);
    CHECK(rig.echoed == 1);
    rig.instead.clear();
    const auto before = results(rig).size();
    CHECK(before >= 1);
    rig.start();
    rig.run(60000);
    CHECK(rig.echoed == 1);
    CHECK(results(rig).size() == before + 1);
    CHECK(results(rig).back() == R"({"status":"succeeded","result":{"x":1}})");
}

TEST("a command that was taken back before it was acknowledged is not carried out") {
    Rig rig;
    rig.queue(1, "echo");
    rig.instead["/commands/0198"] = {409, "{}"};
    rig.start();
    rig.run(60000);
    CHECK(rig.echoed == 0);
    CHECK(results(rig).empty());
}

TEST("a result that the server will not have is let go") {
    Rig rig;
    rig.queue(1, "echo");
    rig.start();
    rig.server.answer = [earlier = rig.server.answer](const FakeServer::Call &call) -> FakeServer::Reply {
        if (call.body.find("succeeded") != std::string::npos) { return {409, "{}"}; }
        return earlier(call);
    };
    rig.run(60000);
    CHECK(results(rig).size() == 1);
}

TEST("a restart is reported first, or after it where the server is away") {
    Rig rig;
    rig.queue(1, "restart");
    rig.start();
    rig.run(60000);
    CHECK(rig.board.restarts == 1);
    CHECK(results(rig).size() == 1);
    rig.queue(2, "restart");
    rig.start();
    rig.server.answer = [earlier = rig.server.answer](const FakeServer::Call &call) -> FakeServer::Reply {
        if (call.body.find("succeeded") != std::string::npos) { return {0, ""}; }
        return earlier(call);
    };
    rig.run(60000);
    CHECK(rig.board.restarts == 2);
    Rig after;
    after.storage = rig.storage;
    after.start();
    after.run(30000);
    CHECK(after.board.restarts == 0);
    CHECK(results(after) == (std::vector<std::string>{R"({"status":"succeeded"})"}));
}

TEST("a command that a loss of power has interrupted is reported as failed, and not begun again") {
    // The power fails at each byte that is written while a command is carried out.
    for (long power = 0; power < 1400; power += 7) {
        Rig rig;
        rig.start();
        rig.run(1000);
        rig.queue(1, "echo");
        rig.storage.power = rig.storage.written + power;
        rig.run(15000);
        rig.storage.power = -1;
        // The server hands it out again, as if it had heard nothing.
        rig.queue(1, "echo");
        const int before = rig.echoed;
        rig.start();
        rig.run(60000);
        CHECK(rig.echoed <= 1);
        CHECK(before == 0 || rig.echoed == before);
        CHECK(!results(rig).empty());
    }
}

TEST("a command that is too large for the board is reported as failed") {
    Rig rig;
    rig.queue(1, "echo", "{\"a\":\"" + std::string(20000, 'x') + "\"}");
    rig.queue(2, "echo", "{\"a\":\"" + std::string(5000, 'x') + "\"}");
    // The result is too large; the command has succeeded all the same.
    rig.queue(3, "echo", "{\"a\":\"" + std::string(1000, 'x') + "\"}");
    rig.start();
    rig.run(90000);
    CHECK(rig.echoed == 1);
    const auto all = results(rig);
    CHECK(all.size() == 3);
    CHECK(all[0].find("larger") != std::string::npos && all[1].find("larger") != std::string::npos);
    CHECK(all[2] == R"({"status":"succeeded"})");
}
