import FoundationEssentials
import Kernel
import Postgres

/// A reading as the API answers it.
struct ReadingView: Sendable {
    let deviceID: UUID
    let sensorType: String
    let value: Value
    let unit: String
    let timestamp: Timestamp
    let quality: Quality
    let attributes: Attributes

    enum Value: Encodable, Sendable, Equatable {
        case number(Double)
        case boolean(Bool)
        case text(String)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .number(let value): try container.encode(value.finite)
            case .boolean(let value): try container.encode(value)
            case .text(let value): try container.encode(value)
            }
        }
    }

    /// What only some readings have.
    struct Attributes: Sendable, Equatable {
        var batteryLevel: Double?
        /// As it was given, with numbers that a double would round.
        var location: JSONB?
        var metadata: JSONB?
    }
}

extension ReadingView.Attributes {
    /// - Parameter json: The object that was stored.
    /// - Throws: `JSONScanner.Failure`.
    init(_ json: JSONB) throws {
        try json.bytes.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes)
            try scanner.beginObject()
            var isFirst = true
            while let key = try scanner.nextKey(isFirst: &isFirst) {
                switch key {
                case "battery_level": batteryLevel = try scanner.number()
                case "location": location = try Self.value(&scanner)
                case "metadata": metadata = try Self.value(&scanner)
                default: try scanner.skipValue()
                }
            }
        }
    }

    private static func value(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> JSONB? {
        let isNull = try scanner.peekKind() == .null
        let bytes = try scanner.skipValue()
        return isNull ? nil : JSONB(bytes: Array(bytes))
    }
}

extension ReadingView {
    /// What it is a reading of.
    var series: ReadingQueries.SeriesPosition { .init(device: deviceID, sensorType: sensorType) }

    /// Reads the columns that `ReadingQueries` selects, from `column` on.
    ///
    /// - Throws: `DecodingFailure`, `JSONScanner.Failure`.
    init(_ row: Row, from column: Int) throws {
        deviceID = try row.decode(at: column)
        sensorType = try row.decode(at: column + 1)
        unit = try row.decode(at: column + 2)
        let kind = ValueKind(rawValue: try row.decode(at: column + 3)) ?? .number
        timestamp = try row.decode(at: column + 4)
        let number = try row.decode(Double?.self, at: column + 5)
        let text = try row.decode(String?.self, at: column + 6)
        quality = Quality(rawValue: try row.decode(at: column + 7)) ?? .good
        attributes = try row.decode(JSONB?.self, at: column + 8).map(Attributes.init) ?? Attributes()
        value = Value(kind, number: number, text: text)
    }
}

extension ReadingView.Value {
    /// What the columns `value` and `text_value` hold of a series of that kind.
    init(_ kind: ValueKind, number: Double?, text: String?) {
        self =
            switch kind {
            case .number: .number(number ?? .nan)
            case .boolean: .boolean(number != 0)
            case .text: .text(text ?? "")
            }
    }
}
