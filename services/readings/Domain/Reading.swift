import Postgres

/// How good a value is, as the device or its driver judged it.
enum Quality: Int16, CaseIterable, Sendable {
    case excellent = 1
    case good
    case fair
    case poor
    case bad

    /// Written out, since it is in every reading that is answered: to print a case asks the runtime for it.
    var name: String {
        switch self {
        case .excellent: "excellent"
        case .good: "good"
        case .fair: "fair"
        case .poor: "poor"
        case .bad: "bad"
        }
    }

    init?(name: String) {
        guard let quality = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = quality
    }
}

/// What the values of a series are.
enum ValueKind: Int16, Sendable {
    case number
    case boolean
    case text

    var plural: String {
        switch self {
        case .number: "numbers"
        case .boolean: "booleans"
        case .text: "text"
        }
    }
}

/// The measurements of one device: a name, a unit and a kind of value, under which its readings are stored.
struct Series: Sendable {
    let id: Int64
    let unit: MeasurementUnit
    let kind: ValueKind
}

/// The bounds that a reading must keep.
enum ReadingLimits {
    static let readingsPerRequest = 1000
    /// Of a request's body, inflated.
    static let bodyBytes = 1 << 20
    static let textBytes = 1024
    static let sensorTypeBytes = 64
    static let unitBytes = 32
    /// Bytes of a reading's location and metadata together.
    static let attributeBytes = 4096
    static let sensorsPerDevice = 500
    /// How far ahead of the server's clock a reading may be.
    static let maximumAhead = Duration.seconds(600)
    /// How old a reading may be.
    static let maximumAge = Duration.seconds(5 * 366 * 86400)
}
