import HTTPKit
import Kernel
import Postgres

/// The body in which a device sends what it logged.
struct NewLogEntries: Sendable, Decodable {
    static let counts = 1...500

    let entries: [NewLogEntry]

    /// The entries that can be stored, and what is wrong with the others: one bad entry must not keep a board from
    /// getting rid of the rest.
    ///
    /// Entries without a time get that of their arrival, a microsecond apart, so that they keep their order.
    ///
    /// - Throws: 422 when there are none or too many, and with all fields at fault when none can be stored.
    func checked(at arrival: Timestamp = .now) throws -> (accepted: [LogEntry], rejected: [RejectedLogEntry]) {
        try validate { $0.count(of: entries, Self.counts, "entries") }
        var accepted: [LogEntry] = []
        var rejected: [RejectedLogEntry] = []
        for (index, entry) in entries.enumerated() {
            switch entry.checked(at: arrival, index: index) {
            case .success(let entry): accepted.append(entry)
            case .failure(let fault):
                rejected.append(RejectedLogEntry(index: index, field: fault.field, message: fault.message))
            }
        }
        guard !accepted.isEmpty else { throw Problem.invalid(rejected.map(\.fieldError)) }
        return (accepted, rejected)
    }
}

/// An entry that was not stored, by its place in the list.
struct RejectedLogEntry: Sendable, Encodable {
    let index: Int
    let field: String
    let message: String

    var fieldError: FieldError {
        FieldError("entries[\(index)]" + (field.isEmpty ? "" : ".\(field)"), message)
    }
}

/// An entry as it came. It decodes whatever it is, and says later what is wrong.
struct NewLogEntry: Sendable, Decodable {
    static let messageLengths = 1...4096
    /// Bytes.
    static let maximumContextSize = 4096

    /// What is wrong with an entry.
    struct Fault: Error, Hashable {
        let field: String
        let message: String
    }

    private enum CodingKeys: String, CodingKey {
        case level, message, timestamp, context
    }

    /// A field that may be left out.
    private enum Field<Value: Sendable>: Sendable {
        case absent
        case value(Value)
        case malformed
    }

    private let isObject: Bool
    private let level: LogLevel?
    private let message: String?
    private let timestamp: Field<Timestamp>
    private let context: Field<[String: AnyJSON]>

    init(from decoder: any Decoder) {
        let container = try? decoder.container(keyedBy: CodingKeys.self)
        func field<Value: Decodable & Sendable>(_ key: CodingKeys) -> Field<Value> {
            guard let container, container.contains(key), (try? container.decodeNil(forKey: key)) == false else {
                return .absent
            }
            return (try? container.decode(Value.self, forKey: key)).map { .value($0) } ?? .malformed
        }
        isObject = container != nil
        level = try? container?.decode(LogLevel.self, forKey: .level)
        message = try? container?.decode(String.self, forKey: .message)
        timestamp = field(.timestamp)
        context = field(.context)
    }

    fileprivate func checked(at arrival: Timestamp, index: Int) -> Result<LogEntry, Fault> {
        func fault(_ field: String, _ message: String) -> Result<LogEntry, Fault> {
            .failure(Fault(field: field, message: message))
        }
        guard isObject else { return fault("", "must be an object") }
        guard let level else {
            return fault("level", "must be one of \(LogLevel.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        guard let message else { return fault("message", "must be text") }
        var check = Validation()
        check.length(of: message, Self.messageLengths, "message")
        var entry = LogEntry(time: time(at: arrival, index: index), level: level, message: message)
        if case .malformed = timestamp { check.reject("timestamp", "must be an RFC 3339 time") }
        check.require(
            entry.time <= arrival.adding(LogEntry.maximumAhead), "timestamp", "is more than 10 minutes in the future")
        check.require(
            entry.time >= arrival.adding(.zero - LogEntry.retention), "timestamp", "is more than 30 days old")
        switch context {
        case .absent: break
        case .malformed: check.reject("context", "must be an object")
        case .value(let context):
            check.require(!AnyJSON.object(context).containsNUL, "context", "must not contain the character U+0000")
            check.require(
                AnyJSON.object(context).size <= Self.maximumContextSize, "context",
                "must be at most \(Self.maximumContextSize) bytes")
            entry.context = context
        }
        guard let error = check.errors.first else { return .success(entry) }
        return fault(error.field, error.message)
    }

    private func time(at arrival: Timestamp, index: Int) -> Timestamp {
        if case .value(let time) = timestamp { return time }
        return arrival.adding(.microseconds(index))
    }
}
