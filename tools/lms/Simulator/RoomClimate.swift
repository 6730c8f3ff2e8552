import Glibc

/// A made-up room: temperature over the day, humidity against it, CO₂ from people, drifting air pressure, and now and
/// then a door left open to a warm corridor, which takes the temperature above any sensible threshold.
struct RoomClimate<Generator: RandomNumberGenerator & Sendable>: SignalSource {
    private var generator: Generator
    private let baseTemperature: Double
    private var lastTime: Double?
    private var carbonDioxide = 430.0
    private var pressureOffset = 0.0
    /// Degrees above normal while, and after, the door is open.
    private var excess = 0.0
    private var doorClosesAt: Double?

    /// Mean seconds between two open doors, and how long one stays open.
    static var doorEvery: Double { 900 }
    static var doorOpenFor: Double { 90 }
    /// How much warmer the corridor is.
    static var corridorExcess: Double { 8 }

    init(generator: Generator) {
        self.generator = generator
        baseTemperature = Double.random(in: 20.5...22.5, using: &self.generator)
    }

    mutating func sample(at time: Double) -> [Measurement] {
        let elapsed = min(max(time - (lastTime ?? time), 0), 3600)
        lastTime = time
        moveDoor(at: time, elapsed: elapsed)
        let hour = (time / 3600).truncatingRemainder(dividingBy: 24)
        // Warmest at 15 h.
        let daily = 1.5 * cos((hour - 15) / 24 * 2 * .pi)
        let temperature = baseTemperature + daily + excess + noise(0.05)
        let people = (8.0..<18.0).contains(hour) ? 1.0 : 0.0
        carbonDioxide += (430 + 450 * people - carbonDioxide) * share(of: 1200, elapsed) + noise(2)
        // A random walk that is drawn back to the mean in about three hours.
        pressureOffset += -pressureOffset * share(of: 10_000, elapsed) + noise(0.02) * elapsed.squareRoot()
        return [
            Measurement(sensorType: "temperature", unit: "°C", value: rounded(temperature, 100)),
            Measurement(
                sensorType: "humidity", unit: "%",
                value: rounded(min(max(45 - 2.2 * (temperature - 21) + noise(0.3), 5), 95), 10)),
            Measurement(sensorType: "co2", unit: "ppm", value: rounded(max(carbonDioxide, 400), 1)),
            Measurement(sensorType: "pressure", unit: "hPa", value: rounded(1013.25 + pressureOffset, 100)),
        ]
    }

    private mutating func moveDoor(at time: Double, elapsed: Double) {
        if let closes = doorClosesAt, time >= closes { doorClosesAt = nil }
        if doorClosesAt == nil, Double.random(in: 0..<1, using: &generator) < share(of: Self.doorEvery, elapsed) {
            doorClosesAt = time + Self.doorOpenFor
        }
        let target = doorClosesAt == nil ? 0 : Self.corridorExcess
        excess += (target - excess) * share(of: 20, elapsed)
    }

    /// How much of a difference is gone after `elapsed`, when it decays with the time constant `seconds`.
    private func share(of seconds: Double, _ elapsed: Double) -> Double {
        1 - exp(-elapsed / seconds)
    }

    /// About normal noise with this standard deviation: the sum of twelve uniform values has a variance of one.
    private mutating func noise(_ deviation: Double) -> Double {
        let sum = (0..<12).reduce(0.0) { sum, _ in sum + Double.random(in: 0..<1, using: &generator) }
        return (sum - 6) * deviation
    }

    private func rounded(_ value: Double, _ perUnit: Double) -> Double {
        (value * perUnit).rounded() / perUnit
    }
}
