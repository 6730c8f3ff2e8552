import Postgres

/// A row that counts its changes, so that a caller can name the one that it has seen.
protocol VersionedRow {
    var version: Int { get }

    /// - Throws: `DecodingFailure`, `DecodingError`.
    init(row: Row) throws
}

extension Transaction {
    /// The row that `select` finds, which nobody else changes until the transaction ends.
    ///
    /// - Parameter versions: Those that the caller allows a change of (`If-Match`); nil allows any.
    /// - Throws: ``DeviceError/notFound``, ``DeviceError/stale(current:)``.
    func lock<Value: VersionedRow>(
        _ select: SQL, ifMatch versions: Set<Int>?, as type: Value.Type = Value.self
    ) async throws -> Value {
        guard let value: Value = try await lockIfPresent(select, ifMatch: versions) else { throw DeviceError.notFound }
        return value
    }

    /// As ``lock(_:ifMatch:as:)``, where there may be none.
    ///
    /// - Throws: ``DeviceError/stale(current:)``.
    func lockIfPresent<Value: VersionedRow>(
        _ select: SQL, ifMatch versions: Set<Int>?, as type: Value.Type = Value.self
    ) async throws -> Value? {
        guard let row = try await query(select + " FOR UPDATE").first else { return nil }
        let value = try Value(row: row)
        if let versions, !versions.contains(value.version) { throw DeviceError.stale(current: value.version) }
        return value
    }
}
