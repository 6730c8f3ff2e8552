import Postgres

/// Reads the columns of a row one after the other: for rows too wide for a tuple.
struct ColumnReader {
    private let row: Row
    private var column = 0

    init(_ row: Row) {
        self.row = row
    }

    /// - Throws: `DecodingFailure`.
    mutating func next<Value: PostgresDecodable>(_ type: Value.Type = Value.self) throws -> Value {
        defer { column += 1 }
        return try row.decode(type, at: column)
    }

    /// A column of JSON.
    ///
    /// - Throws: `DecodingFailure`, `DecodingError`.
    mutating func nextJSON<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try next(JSONB.self).decode(Value.self)
    }

    /// A column of text that names a case.
    ///
    /// - Throws: `DecodingFailure`.
    mutating func nextCase<Value: RawRepresentable>(_ type: Value.Type = Value.self) throws -> Value
    where Value.RawValue == String {
        let text = try next(String.self)
        guard let value = Value(rawValue: text) else { throw StoredValueError(text: text) }
        return value
    }
}

/// A stored text is none of those this version of the service knows.
struct StoredValueError: Error {
    let text: String
}
