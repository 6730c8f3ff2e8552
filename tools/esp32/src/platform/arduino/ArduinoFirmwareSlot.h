#pragma once

#if defined(ARDUINO_ARCH_ESP32)

#include "../../core/FirmwareSlot.h"

namespace lms {

/// The app partitions of the ESP32. Written by themselves rather than by the class `Update`, which begins anew after a
/// restart.
class ArduinoFirmwareSlot : public FirmwareSlot {
public:
    uint8_t running() override;
    uint8_t other() override;
    size_t capacity() override;
    bool write(size_t offset, const void *bytes, size_t count) override;
    bool read(size_t offset, void *bytes, size_t count) override;
    bool activate() override;
    void confirm() override;
    void rollBack() override;
};

}  // namespace lms

#endif
