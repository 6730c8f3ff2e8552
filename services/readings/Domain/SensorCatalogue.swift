/// The sensor types that the platform knows. A device may send any other as well.
///
/// They are the same for every organization and change with the code that gives them a meaning, so they stand here and in
/// no table.
enum SensorCatalogue {
    static let all: [SensorType] = climate + air + water + electricity + mechanics + vitals

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    static subscript(name: String) -> SensorType? { byName[name] }

    /// The unit in which a sensor is recorded whose device gives none.
    static func unit(of sensor: String, _ kind: ValueKind) -> MeasurementUnit {
        kind == .number ? byName[sensor]?.unit ?? .none : .none
    }

    private static let climate = [
        SensorType("temperature", "Temperature", "temperature", "°C", -90...1500, "Of a room, a medium or a surface."),
        SensorType("humidity", "Relative humidity", "fraction", "%", 0...100, "Of the air, relative to saturation."),
        SensorType("dew_point", "Dew point", "temperature", "°C", -90...60, "At which the air would be saturated."),
        SensorType("pressure", "Pressure", "pressure", "hPa", 0...100_000, "Of the air, a gas or a liquid."),
        SensorType("illuminance", "Illuminance", "illuminance", "lx", 0...200_000, "Light that falls on a surface."),
        SensorType("uv_index", "UV index", "uv index", "", 0...20, "Of the sun, as the WHO defines it."),
        SensorType("wind_speed", "Wind speed", "speed", "m/s", 0...115, "Of the air that passes."),
        SensorType("noise", "Noise", "sound pressure level", "dB", 0...150, "A-weighted sound pressure level."),
        SensorType("soil_moisture", "Soil moisture", "fraction", "%", 0...100, "Water by volume of soil."),
    ]

    private static let air = [
        SensorType("co2", "Carbon dioxide", "fraction", "ppm", 0...50_000, "Of the air, by volume."),
        SensorType("co", "Carbon monoxide", "fraction", "ppm", 0...10_000, "Of the air, by volume."),
        SensorType("oxygen", "Oxygen", "fraction", "%", 0...100, "Of the air, by volume."),
        SensorType("tvoc", "Volatile organic compounds", "fraction", "ppb", 0...60_000, "In total, of the air."),
        SensorType("pm2_5", "Fine dust PM2.5", "mass concentration", "µg/m³", 0...1000, "Particles up to 2.5 µm."),
        SensorType("pm10", "Fine dust PM10", "mass concentration", "µg/m³", 0...2000, "Particles up to 10 µm."),
    ]

    private static let water = [
        SensorType("ph", "pH", "acidity", "pH", 0...14, "Of a liquid."),
        SensorType("conductivity", "Conductivity", "conductivity", "µS/cm", 0...200_000, "Of a liquid."),
        SensorType("dissolved_oxygen", "Dissolved oxygen", "mass concentration", "mg/L", 0...50, "Of a liquid."),
        SensorType("turbidity", "Turbidity", "turbidity", "NTU", 0...4000, "Of a liquid."),
        SensorType("flow", "Flow", "flow", "L/min", 0...100_000, "Volume of a liquid or gas that passes."),
        SensorType("volume", "Volume", "volume", "L", 0...1_000_000, "Of a liquid or gas."),
    ]

    private static let electricity = [
        SensorType("voltage", "Voltage", "voltage", "V", -1000...1000, "Between two points of a circuit."),
        SensorType("current", "Current", "current", "A", -1000...1000, "Through a conductor."),
        SensorType("power", "Power", "power", "W", -1_000_000...1_000_000, "Taken, or given where negative."),
        SensorType("energy", "Energy", "energy", "kWh", 0...1_000_000_000, "Counted by a meter."),
        SensorType("frequency", "Frequency", "frequency", "Hz", 0...1_000_000, "Of a signal or the mains."),
    ]

    private static let mechanics = [
        SensorType("distance", "Distance", "length", "m", 0...10_000, "To what a sensor is directed at."),
        SensorType("level", "Level", "length", "m", 0...100, "Of a liquid in its vessel."),
        SensorType("mass", "Mass", "mass", "kg", 0...100_000, "On a balance."),
        SensorType("acceleration", "Acceleration", "acceleration", "m/s²", -2000...2000, "Along an axis."),
        SensorType(
            "rotation_speed", "Speed of rotation", "frequency", "rpm", 0...200_000, "Of a stirrer or centrifuge."),
        SensorType("duration", "Duration", "time", "s", 0...1_000_000_000, "How long something took."),
    ]

    /// What a device says of itself beside its readings, too (`DeviceReadingsParser`).
    private static let vitals = [
        SensorType(
            "wifi_signal_strength", "Wi-Fi signal", "signal strength", "dBm", -120...0, "As the device receives it."),
        SensorType("device_temperature", "Device temperature", "temperature", "°C", -60...150, "Inside of the device."),
        SensorType("battery_level", "Battery", "fraction", "%", 0...100, "Charge that is left."),
    ]
}
