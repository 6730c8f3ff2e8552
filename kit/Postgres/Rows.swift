import CPostgres

/// The answer to one statement.
public struct Rows: RandomAccessCollection, Sendable {
    private let result: Result

    init(takingOwnershipOf pointer: OpaquePointer) {
        result = Result(pointer)
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { result.rowCount }
    public subscript(position: Int) -> Row { Row(result: result, index: position) }

    /// How many rows the statement inserted, updated, deleted or selected.
    public var affectedRows: Int {
        Int(String(cString: PQcmdTuples(result.pointer))) ?? 0
    }

    /// The command tag, such as `INSERT 0 1`.
    var commandTag: String {
        String(cString: PQcmdStatus(result.pointer))
    }

    /// `@unchecked Sendable`: a `PGresult` is not changed once it is complete, and libpq allows any thread to read it.
    final class Result: @unchecked Sendable {
        let pointer: OpaquePointer
        let rowCount: Int
        let columnCount: Int

        init(_ pointer: OpaquePointer) {
            self.pointer = pointer
            rowCount = Int(PQntuples(pointer))
            columnCount = Int(PQnfields(pointer))
        }

        deinit {
            PQclear(pointer)
        }
    }
}

/// One row; its columns are read by position, in the order of the statement.
public struct Row: Sendable {
    let result: Rows.Result
    let index: Int

    /// The columns from the first one on, as a tuple.
    ///
    ///     let (id, name) = try row.decode(UUID.self, String?.self)
    ///
    /// - Throws: ``DecodingFailure``.
    public func decode<each Value: PostgresDecodable>(_ types: repeat (each Value).Type) throws -> (repeat each Value) {
        var column = 0
        func next<Next: PostgresDecodable>(_ type: Next.Type) throws -> Next {
            defer { column += 1 }
            return try decode(type, at: column)
        }
        return (repeat try next((each Value).self))
    }

    /// One column, counted from 0.
    ///
    /// - Throws: ``DecodingFailure``.
    public func decode<Value: PostgresDecodable>(_ type: Value.Type = Value.self, at column: Int) throws -> Value {
        guard column < result.columnCount else { throw DecodingFailure.noSuchColumn(column) }
        let (row, column) = (Int32(index), Int32(column))
        let oid = OID(rawValue: PQftype(result.pointer, column))
        guard PQgetisnull(result.pointer, row, column) == 0 else { return try Value.decode(nil, type: oid) }
        let bytes = UnsafeRawBufferPointer(
            start: PQgetvalue(result.pointer, row, column), count: Int(PQgetlength(result.pointer, row, column)))
        return try Value.decode(bytes, type: oid)
    }
}
