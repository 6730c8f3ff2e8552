import HTTPKit

/// The forms in which readings are exported.
enum ExportFormat: String, CaseIterable, Sendable {
    case csv
    case ndjson
    /// One array.
    case json

    /// - Parameter accept: The value of `Accept`; JSON unless it is one of the others alone.
    init(accept: String?) {
        let type = accept.map(MediaTypeName.init(contentType:))
        self = Self.allCases.first { $0.mediaType == type } ?? .json
    }

    var mediaType: MediaTypeName {
        switch self {
        case .csv: .csv
        case .ndjson: .ndjson
        case .json: .json
        }
    }
}
