// A thermometer: it measures the chip's temperature, takes its interval from its configuration, and can be restarted.

#include <LMSDevice.h>
#include <WiFi.h>

// TLS needs more than the 8 KB that there are.
SET_LOOP_TASK_STACK_SIZE(16 * 1024);

const char *network = "YOUR-NETWORK";
const char *password = "YOUR-PASSWORD";
const char *server = "https://lms.example";
// Of the authority that the server's certificate is from, in PEM; null for a server without TLS.
const char *certificate = nullptr;

lms::Options options() {
  lms::Options options;
  options.fleetKey = "lms_prv_…";
  options.serialNumber = lms::factorySerialNumber();
  options.macAddress = lms::factoryMACAddress();
  options.deviceType = "esp32";
  options.model = "thermometer";
  // Another one for each build that is uploaded to the server.
  options.firmwareVersion = "1.0.0";
  return options;
}

lms::ArduinoDevice device(server, certificate, options());

uint32_t measureEveryMs = 60000;
uint32_t measuredAt = 0;
bool hasMeasured = false;

// What the sensor measures: put its library's call here.
float measure() { return temperatureRead(); }

// {"reading_interval": 30} of the configuration: seconds.
bool configure(lms::JsonView settings, lms::JsonWriter &reported, void *) {
  auto seconds = settings["reading_interval"].integer();
  if (seconds && (*seconds < 1 || *seconds > 86400)) return false;
  if (seconds) measureEveryMs = static_cast<uint32_t>(*seconds) * 1000;
  reported.beginObject().key("reading_interval").integer(measureEveryMs / 1000).endObject();
  return true;
}

void restart(const lms::Command &, lms::CommandReply &reply) { reply.restartAfterwards(); }

void measureNow(const lms::Command &, lms::CommandReply &reply) {
  float temperature = measure();
  if (!device.record("temperature", temperature, "°C")) return reply.fail("There is no temperature.");
  reply.result().beginObject().key("temperature").number(temperature).endObject();
}

void setup() {
  Serial.begin(115200);
  WiFi.begin(network, password);
  device.on("restart", restart);
  device.on("measure", measureNow);
  device.onConfiguration(configure);
  if (!device.begin()) Serial.println("There is no partition for LittleFS: choose a scheme that has one.");
  device.log(lms::LogLevel::info, "The thermometer has started.");
}

void loop() {
  // The difference, so that the overflow of millis() after 49 days does no harm.
  uint32_t since = millis() - measuredAt;
  if (!hasMeasured || since >= measureEveryMs) {
    measuredAt = millis();
    hasMeasured = true;
    since = 0;
    if (!device.record("temperature", measure(), "°C")) Serial.println("The reading could not be kept.");
  }
  delay(std::min<uint32_t>(device.step(measureEveryMs - since), 100));
}
