// A board as a program: the core with files in the place of flash and a socket in that of Wi-Fi, for tests.

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "../src/core/Client.h"
#include "FileSlot.h"
#include "FileStorage.h"
#include "SocketTransport.h"

namespace {

volatile std::sig_atomic_t isStopped = 0;

class HostBoard : public lms::Board {
public:
    explicit HostBoard(char **arguments) : arguments_(arguments) {}

    uint64_t uptimeMs() override {
        const auto since = std::chrono::steady_clock::now() - start_;
        return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
    }

    uint32_t random() override { return static_cast<uint32_t>(random_()); }

    lms::Vitals vitals() override { return {87.5, -61}; }

    /// The program begins anew, in the same process.
    void restart() override {
        std::puts("restarts");
        std::fflush(stdout);
        execv("/proc/self/exe", arguments_);
        std::perror("execv");
        std::_Exit(1);
    }

private:
    char **const arguments_;
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::random_device random_;
};

/// What the program does with settings and commands.
struct Bench {
    int64_t measureEveryMs;
    int carriedOut = 0;

    static bool configure(lms::JsonView settings, lms::JsonWriter &reported, void *context) {
        const auto every = settings["measure_every_ms"].integer();
        if (every && (*every < 10 || *every > 60000)) { return false; }
        auto *const bench = static_cast<Bench *>(context);
        if (every) { bench->measureEveryMs = *every; }
        reported.beginObject().key("measure_every_ms").integer(bench->measureEveryMs).endObject();
        std::printf("measures every %lld ms\n", static_cast<long long>(bench->measureEveryMs));
        return true;
    }

    static void calibrate(const lms::Command &command, lms::CommandReply &reply) {
        auto *const bench = static_cast<Bench *>(command.context);
        std::printf("carried out %s\n", command.id);
        reply.result().beginObject().key("carried_out").integer(++bench->carriedOut);
        reply.result().key("parameters").raw(command.parameters.text()).endObject();
    }

    static void restart(const lms::Command &command, lms::CommandReply &reply) {
        std::printf("carried out %s\n", command.id);
        reply.restartAfterwards();
    }
};

/// `--name value` pairs.
std::map<std::string, std::string> parse(int count, char **arguments) {
    std::map<std::string, std::string> options;
    for (int index = 1; index + 1 < count; index += 2) { options[arguments[index]] = arguments[index + 1]; }
    return options;
}

lms::Options clientOptions(const std::map<std::string, std::string> &arguments) {
    lms::Options options;
    options.fleetKey = arguments.at("--fleet-key").c_str();
    options.serialNumber = arguments.at("--serial").c_str();
    options.deviceType = "esp32";
    options.model = "host";
    options.firmwareVersion = "1.0.0";
    options.heartbeatEveryMs = 500;
    options.firmwareEveryMs = 500;
    options.pollEveryMs = 200;
    options.pollWaitS = 5;
    options.downloadPiece = 16 * 1024;
    options.downloadCheckpoint = 32 * 1024;
    return options;
}

}  // namespace

int main(int count, char **arguments) {
    auto given = parse(count, arguments);
    for (const char *name : {"--gateway", "--fleet-key", "--serial", "--state"}) {
        if (given.count(name) == 0) {
            std::fprintf(
                stderr, "usage: %s --gateway HOST:PORT --fleet-key KEY --serial NUMBER --state FOLDER "
                        "[--measure-every MS] [--download-pause MS]\n",
                arguments[0]);
            return 2;
        }
    }
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    std::signal(SIGTERM, [](int) { isStopped = 1; });
    const std::string gateway = given["--gateway"], folder = given["--state"];
    mkdir(folder.c_str(), 0700);
    const size_t colon = gateway.rfind(':');
    HostBoard board(arguments);
    FileStorage storage(folder);
    SocketTransport transport(
        gateway.substr(0, colon), gateway.substr(colon + 1), std::atoi(given["--download-pause"].c_str()));
    FileSlot slot(folder, [&] { board.restart(); });
    // Its place is not on the stack, as on a board.
    const auto client = std::make_unique<lms::Client>(board, storage, transport, slot, clientOptions(given));
    Bench bench = {given.count("--measure-every") != 0 ? std::atoi(given["--measure-every"].c_str()) : 1000};
    client->on("calibrate", Bench::calibrate, &bench);
    client->on("restart", Bench::restart, &bench);
    client->onConfiguration(Bench::configure, &bench);
    client->begin();
    std::printf("runs firmware %s\n", client->firmwareVersion());
    client->log(lms::LogLevel::info, "The program has started.");

    // Each reading has its own value, so that one that is missing or there twice can be told.
    int64_t measured = 0;
    storage.read("measured", 0, &measured, sizeof measured);
    uint64_t next = board.uptimeMs();
    while (isStopped == 0) {
        if (board.uptimeMs() >= next) {
            ++measured;
            storage.replace("measured", &measured, sizeof measured);
            if (client->record("count", static_cast<double>(measured))) {
                std::printf("measured %lld\n", static_cast<long long>(measured));
            }
            next += static_cast<uint64_t>(bench.measureEveryMs);
        }
        const uint64_t now = board.uptimeMs();
        const uint32_t wait = client->step(next > now ? static_cast<uint32_t>(next - now) : 0);
        std::this_thread::sleep_for(std::chrono::milliseconds(wait < 20 ? wait : 20));
    }
    return 0;
}
