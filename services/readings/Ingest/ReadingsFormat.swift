import HTTPKit
import Postgres

/// The forms in which a device may send its readings.
enum ReadingsFormat: CaseIterable, Sendable {
    case json
    case ndjson
    case csv
    case senml

    /// - Parameter contentType: The value of `Content-Type`; JSON where there is none, or another of JSON's own types.
    init(contentType: String?) {
        let type = contentType.map(MediaTypeName.init(contentType:))
        self = Self.allCases.first { $0.mediaType == type } ?? .json
    }

    var mediaType: MediaTypeName {
        switch self {
        case .json: .json
        case .ndjson: .ndjson
        case .csv: .csv
        case .senml: "application/senml+json"
        }
    }

    /// - Parameter now: The time of arrival, for readings without a time and for the bounds.
    /// - Throws: ``BodyFailure``, `CSVError`.
    func parse(_ bytes: UnsafeBufferPointer<UInt8>, now: Timestamp) throws -> ReadingColumns {
        switch self {
        case .json: try DeviceReadingsParser.parse(bytes, now: now)
        case .ndjson: try NDJSONParser.parse(bytes, now: now)
        case .csv: try CSVReadingsParser.parse(bytes, now: now)
        case .senml: try SenMLParser.parse(bytes, now: now)
        }
    }
}
