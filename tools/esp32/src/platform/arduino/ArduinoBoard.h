#pragma once

#if defined(ARDUINO_ARCH_ESP32)

#include "../../core/Board.h"

namespace lms {

/// Twelve hexadecimal digits of the factory's MAC address: a serial number for boards that have no other.
const char *factorySerialNumber();

/// The same as `a4:cf:12:0b:7e:01`.
const char *factoryMACAddress();

class ArduinoBoard : public Board {
public:
    /// Percent; NaN while it is not known.
    using Battery = float (*)();

    /// Null for a board without a battery.
    void measureBattery(Battery battery) { battery_ = battery; }

    uint64_t uptimeMs() override;
    uint32_t random() override;
    Vitals vitals() override;
    /// Of a sketch that has called `configTime`.
    std::optional<int64_t> networkTime() override;
    void restart() override;

private:
    Battery battery_ = nullptr;
};

}  // namespace lms

#endif
