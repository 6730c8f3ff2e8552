#if defined(ARDUINO_ARCH_ESP32)

#include "ArduinoBoard.h"

#include <Arduino.h>
#include <WiFi.h>
#include <esp_mac.h>
#include <esp_random.h>
#include <esp_timer.h>
#include <sys/time.h>

#include <cmath>
#include <cstdio>

namespace lms {

namespace {

/// 2023: a clock that nobody has set counts from 1970.
constexpr time_t kEarliest = 1672531200;

const char *macText(char (&text)[18], const char *separator) {
    uint8_t mac[6] = {};
    esp_efuse_mac_get_default(mac);
    size_t length = 0;
    for (int index = 0; index < 6; ++index) {
        length += static_cast<size_t>(
            std::snprintf(text + length, sizeof text - length, "%s%02x", index == 0 ? "" : separator, mac[index]));
    }
    return text;
}

}  // namespace

const char *factorySerialNumber() {
    static char text[18];
    return macText(text, "");
}

const char *factoryMACAddress() {
    static char text[18];
    return macText(text, ":");
}

uint64_t ArduinoBoard::uptimeMs() { return static_cast<uint64_t>(esp_timer_get_time()) / 1000; }

uint32_t ArduinoBoard::random() { return esp_random(); }

Vitals ArduinoBoard::vitals() {
    Vitals vitals;
    if (WiFi.status() == WL_CONNECTED) { vitals.signalStrength = WiFi.RSSI(); }
    const float level = battery_ == nullptr ? NAN : battery_();
    if (!std::isnan(level)) { vitals.batteryLevel = level; }
    return vitals;
}

std::optional<int64_t> ArduinoBoard::networkTime() {
    timeval now = {};
    gettimeofday(&now, nullptr);
    if (now.tv_sec < kEarliest) { return std::nullopt; }
    return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_usec / 1000;
}

void ArduinoBoard::restart() { ESP.restart(); }

}  // namespace lms

#endif
