/// A measurement with its time, as it goes over the wire.
struct Reading: Sendable, Hashable, Encodable {
    let sensorType: String
    let value: Double
    let unit: String
    let timestamp: String

    enum CodingKeys: String, CodingKey {
        case sensorType = "sensor_type"
        case value, unit, timestamp
    }
}

/// The readings a device keeps until the gateway has acknowledged them; when its memory is full, the oldest go.
struct ReadingBuffer: Sendable {
    /// What the API takes in one request.
    static let largestBatch = 1000

    private let capacity: Int
    private var readings: [Reading] = []
    /// Readings that were given up, so far.
    private(set) var dropped = 0

    init(capacity: Int = 20_000) {
        self.capacity = capacity
    }

    var isEmpty: Bool { readings.isEmpty }
    var count: Int { readings.count }

    mutating func append(_ new: [Reading]) {
        readings += new
        let excess = readings.count - capacity
        if excess > 0 {
            readings.removeFirst(excess)
            dropped += excess
        }
    }

    /// The oldest readings, to send; they stay until ``acknowledge(_:)``.
    var nextBatch: [Reading] { Array(readings.prefix(Self.largestBatch)) }

    /// The gateway has stored `batch`, or refused it for good. Sending twice is harmless, so what was pushed out of
    /// the buffer meanwhile does not matter.
    mutating func acknowledge(_ batch: [Reading]) {
        let sent = Set(batch)
        readings.removeAll { sent.contains($0) }
    }
}
