#if defined(ARDUINO_ARCH_ESP32)

#include "ArduinoStorage.h"

#include <LittleFS.h>

#include <cstdio>

namespace lms {

namespace {

struct Path {
    char text[32];

    explicit Path(const char *name) { std::snprintf(text, sizeof text, "/lms/%s", name); }
};

bool write(const char *path, const char *mode, const void *bytes, size_t count) {
    File file = LittleFS.open(path, mode, true);
    if (!file) { return false; }
    const bool isWritten = file.write(static_cast<const uint8_t *>(bytes), count) == count;
    // The bytes are in the flash, or all of them are not, when the file is closed.
    file.close();
    return isWritten;
}

}  // namespace

bool ArduinoStorage::begin() { return LittleFS.begin(true) && (LittleFS.exists("/lms") || LittleFS.mkdir("/lms")); }

long ArduinoStorage::size(const char *name) {
    const Path path(name);
    if (!LittleFS.exists(path.text)) { return -1; }
    File file = LittleFS.open(path.text, "r");
    return file ? static_cast<long>(file.size()) : -1;
}

size_t ArduinoStorage::read(const char *name, size_t offset, void *bytes, size_t count) {
    const Path path(name);
    if (!LittleFS.exists(path.text)) { return 0; }
    File file = LittleFS.open(path.text, "r");
    if (!file || offset >= file.size() || !file.seek(offset)) { return 0; }
    return file.read(static_cast<uint8_t *>(bytes), count);
}

bool ArduinoStorage::append(const char *name, const void *bytes, size_t count) {
    return write(Path(name).text, "a", bytes, count);
}

/// LittleFS puts a file in another's place in one step.
bool ArduinoStorage::replace(const char *name, const void *bytes, size_t count) {
    const Path temporary("~");
    return write(temporary.text, "w", bytes, count) && LittleFS.rename(temporary.text, Path(name).text);
}

bool ArduinoStorage::remove(const char *name) {
    const Path path(name);
    return LittleFS.exists(path.text) && LittleFS.remove(path.text);
}

}  // namespace lms

#endif
