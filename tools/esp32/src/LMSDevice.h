#pragma once

#include "core/Client.h"

#if defined(ARDUINO_ARCH_ESP32)
#include "platform/arduino/ArduinoDevice.h"
#endif
