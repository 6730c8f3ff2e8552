#pragma once

#if defined(ARDUINO_ARCH_ESP32)

#include "../../core/Client.h"
#include "ArduinoBoard.h"
#include "ArduinoFirmwareSlot.h"
#include "ArduinoStorage.h"
#include "ArduinoTransport.h"

namespace lms {

/// What a client works with; made before it.
struct ArduinoParts {
    ArduinoBoard board;
    ArduinoStorage storage;
    ArduinoTransport transport;
    ArduinoFirmwareSlot slot;
};

/// An ESP32 as a device of LMS Core. Make one, as a global variable; Wi-Fi is the sketch's matter.
class ArduinoDevice : private ArduinoParts, public Client {
public:
    /// As `ArduinoTransport` and `Client` take them.
    ArduinoDevice(const char *server, const char *certificate, const Options &options)
        : ArduinoParts{{}, {}, {server, certificate}, {}}, Client(board, storage, transport, slot, options) {}

    /// To be called in `setup`, once handlers are registered. False where there is no partition for LittleFS: then
    /// nothing is kept over a restart.
    bool begin() {
        const bool isMounted = storage.begin();
        Client::begin();
        return isMounted;
    }

    /// Has heartbeats tell the battery's level.
    void measureBattery(ArduinoBoard::Battery battery) { board.measureBattery(battery); }
};

}  // namespace lms

#endif
