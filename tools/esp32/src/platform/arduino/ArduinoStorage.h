#pragma once

#if defined(ARDUINO_ARCH_ESP32)

#include "../../core/Storage.h"

namespace lms {

/// Files in the folder `/lms` of LittleFS.
class ArduinoStorage : public Storage {
public:
    /// Mounts the file system; one that cannot be mounted is made anew, and all state with it. False without a
    /// partition.
    bool begin();

    long size(const char *name) override;
    size_t read(const char *name, size_t offset, void *bytes, size_t count) override;
    bool append(const char *name, const void *bytes, size_t count) override;
    bool replace(const char *name, const void *bytes, size_t count) override;
    bool remove(const char *name) override;
};

}  // namespace lms

#endif
