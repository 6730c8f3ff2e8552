import FoundationEssentials
import Postgres

/// A reading that is in the database.
struct StoredReading: Sendable {
    let organizationID: UUID
    let deviceID: UUID
    let sensorType: String
    let unit: String
    let kind: ValueKind
    let time: Timestamp
    /// 1 and 0 for booleans, NaN for text.
    let value: Double
    let text: String?
    let quality: Int16
}

/// What one transaction stored, until it has been published.
struct StoredBatch: Sendable {
    let id: Int64
    /// The trace of a request that it came of; nil when that is not known any more.
    var traceparent: String?
    private(set) var readings: [StoredReading] = []

    init(id: Int64) {
        self.id = id
    }

    mutating func append(_ reading: StoredReading) {
        readings.append(reading)
    }

    /// How many readings each organization stored.
    var counts: [UUID: Int] {
        readings.reduce(into: [:]) { $0[$1.organizationID, default: 0] += 1 }
    }
}
