#pragma once

#include <cstdint>

#include "RecordRing.h"

namespace lms {

/// What is said once about a board and how it works. Texts must outlive the client.
struct Options {
    /// `lms_prv_…`, of the organization; with it the board gets its device and key. Null where `Client::adopt` says
    /// them.
    const char *fleetKey = nullptr;
    /// Of this very board, 1 to 100 characters: by it the server knows the board again.
    const char *serialNumber = "";
    const char *deviceType = "esp32";
    const char *model = nullptr;
    const char *macAddress = nullptr;
    /// Of the firmware that is compiled here: one to four numbers, perhaps with a pre-release or build behind them.
    const char *firmwareVersion = "0.0.0";

    uint32_t heartbeatEveryMs = 60 * 1000;
    uint32_t firmwareEveryMs = 6 * 3600 * 1000;
    /// How long a poll for commands may wait for one; 60 at most.
    uint32_t pollWaitS = 25;
    /// How often commands are asked for while there is something else to do, or no time to wait.
    uint32_t pollEveryMs = 10 * 1000;
    /// How long a new firmware may take until the server has answered it; then the earlier one comes back.
    uint32_t trialMs = 10 * 60 * 1000;
    /// For how long every request must have been refused (401, 403, 404) until the board provisions itself again.
    uint32_t refusedForMs = 15 * 60 * 1000;

    /// Bytes of a firmware for one request, and after how many it is noted how far the download is. Multiples of 4096.
    uint32_t downloadPiece = 32 * 1024;
    uint32_t downloadCheckpoint = 128 * 1024;

    RecordRing::Shape readings = {"r", 16, 16 * 1024};
    RecordRing::Shape logs = {"l", 4, 8 * 1024};
    RecordRing::Shape results = {"c", 2, 8 * 1024};
};

/// Bytes of a request's body and of an answer that is kept; a command or configuration that is larger cannot be taken.
constexpr size_t kRequestSize = 4096;
constexpr size_t kResponseSize = 8192;

}  // namespace lms
