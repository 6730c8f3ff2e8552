/// One value of one sensor, before it has a time.
struct Measurement: Sendable, Hashable {
    let sensorType: String
    let unit: String
    let value: Double
}

/// Something that can be read off at any time.
protocol SignalSource: Sendable {
    /// The values at `time`, in seconds since 1970 UTC; times only ever grow.
    mutating func sample(at time: Double) -> [Measurement]
}
