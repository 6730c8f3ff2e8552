/// What makes a new device send its first reading, with its id and key in place.
struct StarterCode: Sendable {
    let device: Device
    let key: String
    /// The base URL of the gateway.
    let site: String

    private var sensor: String { device.profile.sensors.first ?? "temperature" }
    private var readingsURL: String { "\(site)/api/v1/devices/\(device.id.text)/readings" }

    /// A line for a shell.
    var curl: String {
        """
        curl -sS '\(readingsURL)' \\
          -H 'Authorization: Bearer \(key)' -H 'Content-Type: application/json' \\
          -d '{"readings": [{"sensor_type": "\(sensor)", "value": 21.5}]}'
        """
    }

    /// A sketch for an ESP32 in the Arduino environment, which has only the network's name and password left to fill in.
    var sketch: String {
        let client = site.hasPrefix("https") ? "WiFiClientSecure" : "WiFiClient"
        let trust = site.hasPrefix("https") ? "\n  client.setInsecure();  // Better: client.setCACert(…)." : ""
        return """
            #include <HTTPClient.h>
            #include <\(client).h>
            #include <WiFi.h>

            const char *network = "YOUR-NETWORK";
            const char *password = "YOUR-PASSWORD";
            const char *readings = "\(readingsURL)";
            const char *key = "Bearer \(key)";

            \(client) client;

            // What the sensor measures: put its library's call here.
            float measure() { return temperatureRead(); }

            void setup() {
              Serial.begin(115200);
              WiFi.begin(network, password);\(trust)
            }

            void loop() {
              if (WiFi.status() == WL_CONNECTED) {
                HTTPClient http;
                http.begin(client, readings);
                http.addHeader("Authorization", key);
                http.addHeader("Content-Type", "application/json");
                int status = http.POST(
                    "{\\"readings\\": [{\\"sensor_type\\": \\"\(sensor)\\", \\"value\\": " + String(measure(), 2) + "}]}");
                Serial.printf("%d %s\\n", status, http.getString().c_str());
                http.end();
              }
              delay(\(device.profile.readingInterval) * 1000UL);
            }
            """
    }
}
