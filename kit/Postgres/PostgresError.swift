import CPostgres

/// A five-character code of PostgreSQL's appendix A.
public struct SQLState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public var description: String { rawValue }

    /// The first two characters, shared by related conditions.
    public var conditionClass: Substring { rawValue.prefix(2) }

    public static let uniqueViolation = SQLState(rawValue: "23505")
    public static let foreignKeyViolation = SQLState(rawValue: "23503")
    public static let checkViolation = SQLState(rawValue: "23514")
    public static let notNullViolation = SQLState(rawValue: "23502")
    public static let insufficientPrivilege = SQLState(rawValue: "42501")
    public static let undefinedTable = SQLState(rawValue: "42P01")
    public static let duplicateTable = SQLState(rawValue: "42P07")
    public static let duplicateObject = SQLState(rawValue: "42710")
    public static let queryCanceled = SQLState(rawValue: "57014")
    public static let serializationFailure = SQLState(rawValue: "40001")
    public static let deadlockDetected = SQLState(rawValue: "40P01")
    /// PostgreSQL uses it for "tuple concurrently updated", as when two sessions grant on one object.
    public static let internalError = SQLState(rawValue: "XX000")
}

/// Why the database did not do what it was asked to; never with the values of a statement.
public struct PostgresError: Error, Sendable {
    public enum Kind: Sendable, Equatable {
        /// No connection could be had: refused, not resolved, or none came free in time.
        case unavailable
        /// The connection broke; whether the statement took effect is not known.
        case connectionLost
        /// No answer within the request time-out; the connection was given up.
        case timedOut
        /// The server refused the statement.
        case server(SQLState)
        /// `COMMIT` was answered with a roll-back, since an error in the transaction had been ignored.
        case transactionAborted
        /// The configuration, or a use of the client that cannot work.
        case invalid
    }

    public let kind: Kind
    /// What was wrong, in PostgreSQL's words where they hold no value.
    public let message: String
    /// The constraint that was violated.
    public let constraint: String?
    /// The statement's text, with `$1` for its values.
    public let statement: String?

    init(_ kind: Kind, _ message: String, constraint: String? = nil, statement: String? = nil) {
        self.kind = kind
        self.message = message
        self.constraint = constraint
        self.statement = statement
    }

    static let late = PostgresError(.timedOut, "PostgreSQL did not answer in time")

    /// The server's code, when it was the server that refused.
    public var sqlState: SQLState? {
        if case .server(let state) = kind { state } else { nil }
    }

    /// Whether the server could not be asked, or did not answer: trying later may help.
    public var isUnavailability: Bool {
        switch kind {
        case .unavailable, .connectionLost, .timedOut: true
        // 57P0x: the server shuts down; 53xxx: out of connections, memory or disk; 25006: a standby.
        case .server(let state):
            state.conditionClass == "53" || state.rawValue.hasPrefix("57P") || state.conditionClass == "08"
                || state.rawValue == "25006"
        case .transactionAborted, .invalid: false
        }
    }
}

extension PostgresError: CustomStringConvertible {
    public var description: String {
        var text = message
        if let state = sqlState { text += " (SQLSTATE \(state))" }
        if let constraint { text += ", constraint \(constraint)" }
        if let statement { text += ", in: \(statement)" }
        return text
    }
}

extension PostgresError {
    /// Reads an error out of a result. The message of class 22 (data exception) quotes values, so it is left out, as
    /// is every detail.
    init(result: OpaquePointer?, statement: String?) {
        func field(_ code: Int32) -> String? {
            PQresultErrorField(result, code).map { String(cString: $0) }
        }
        guard let code = field(PGDiagnostic.sqlState) else {
            self.init(.connectionLost, "the connection to PostgreSQL was lost", statement: statement)
            return
        }
        let state = SQLState(rawValue: code)
        let message = state.conditionClass == "22" ? nil : field(PGDiagnostic.messagePrimary)
        self.init(
            .server(state), message ?? "a value was out of range or malformed",
            constraint: field(PGDiagnostic.constraintName), statement: statement)
    }
}

/// The field codes of `postgres_ext.h`, which are character constants and so not imported.
private enum PGDiagnostic {
    static let sqlState = Int32(UInt8(ascii: "C"))
    static let messagePrimary = Int32(UInt8(ascii: "M"))
    static let constraintName = Int32(UInt8(ascii: "n"))
}
