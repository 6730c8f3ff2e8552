import HTTPKit

/// An import was refused in the middle of its file.
struct ImportInterrupted: Error {
    let refusal: IngestRefusal
    /// How many readings of the file are in the database.
    let stored: Int
    /// Of the first that is not.
    let line: Int
}

/// What became of the readings of an import.
struct ImportReport: Encodable, Sendable {
    /// So many rejections are told; the others are counted.
    static let maximumRejections = 100

    private(set) var outcome = IngestOutcome()
    /// How many were rejected.
    private(set) var rejected = 0
    /// The first of them, by line.
    private(set) var rejections: [Rejection] = []

    /// How many readings of the file are in the database.
    var stored: Int { outcome.accepted + outcome.duplicates }

    /// Adds what became of further lines.
    mutating func add(_ outcome: IngestOutcome, rejected further: [Rejection]) {
        self.outcome.add(outcome)
        rejected += further.count
        let room = Self.maximumRejections - rejections.count
        guard room > 0 else { return }
        rejections += further.sorted { $0.index < $1.index }.prefix(room)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(outcome.accepted, forKey: .accepted)
        try container.encode(outcome.duplicates, forKey: .duplicates)
        try container.encode(rejected, forKey: .rejected)
        try container.encode(rejections.map(Line.init), forKey: .rejections)
    }

    private enum CodingKeys: String, CodingKey {
        case accepted, duplicates, rejected, rejections
    }

    private struct Line: Encodable {
        let line: Int
        let field: String
        let message: String

        init(_ rejection: Rejection) {
            (line, field, message) = (rejection.index, rejection.field, rejection.message)
        }
    }
}
