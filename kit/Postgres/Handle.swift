import CPostgres

/// A `PGconn`. `@unchecked Sendable`: only the reactor's thread touches it, through the connection actor.
final class Handle: @unchecked Sendable {
    /// Nil once it is closed, which every function of libpq takes for a connection that is broken.
    private(set) var pointer: OpaquePointer?

    init(parameters: [String: String]) {
        let pairs = parameters.sorted { $0.key < $1.key }
        pointer = withCStrings(pairs.map(\.key)) { keywords in
            withCStrings(pairs.map(\.value)) { values in
                PQconnectStartParams(keywords, values, 0)
            }
        }
        PQsetNoticeReceiver(pointer, { _, _ in }, nil)
    }

    /// Closes the connection.
    func finish() {
        PQfinish(pointer)
        pointer = nil
    }

    deinit {
        finish()
    }

    var errorMessage: String {
        String(cString: PQerrorMessage(pointer)).split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    func sendPrepare(_ name: String, _ key: Statement.Key) -> Bool {
        let types = key.types.map(\.rawValue)
        return PQsendPrepare(pointer, name, key.text, Int32(types.count), types) == 1
    }

    func sendPrepared(_ name: String, _ binds: [Bind]) -> Bool {
        withParameters(binds) { values, lengths, formats in
            PQsendQueryPrepared(pointer, name, Int32(binds.count), values, lengths, formats, 1) == 1
        }
    }

    func sendUnnamed(_ statement: Statement) -> Bool {
        let types = statement.key.types.map(\.rawValue)
        return withParameters(statement.binds) { values, lengths, formats in
            PQsendQueryParams(
                pointer, statement.key.text, Int32(types.count), types, values, lengths, formats, 1) == 1
        }
    }

    /// libpq wants arrays of pointers; all values stand in one buffer for the length of the call.
    private func withParameters<Result>(
        _ binds: [Bind],
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> Result
    ) -> Result {
        guard !binds.isEmpty else { return body(nil, nil, nil) }
        let total = binds.reduce(0) { $0 + ($1.bytes?.count ?? 0) }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: max(1, total)) { buffer in
            guard let base = buffer.baseAddress else { return body(nil, nil, nil) }
            var offset = 0
            let values = binds.map { bind -> UnsafePointer<CChar>? in
                guard let bytes = bind.bytes else { return nil }
                let start = base + offset
                bytes.withUnsafeBytes { UnsafeMutableRawPointer(start).copyMemory(from: $0) }
                offset += bytes.count
                return UnsafePointer(start)
            }
            let lengths = binds.map { Int32($0.bytes?.count ?? 0) }
            let formats = [Int32](repeating: 1, count: binds.count)
            return body(values, lengths, formats)
        }
    }
}

extension UnsafeMutableRawPointer {
    fileprivate func copyMemory(from bytes: UnsafeRawBufferPointer) {
        if let source = bytes.baseAddress { copyMemory(from: source, byteCount: bytes.count) }
    }
}

/// Calls `body` with a NULL-terminated array of C strings.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    let bytes = strings.map { Array($0.utf8CString) }
    let total = bytes.reduce(0) { $0 + $1.count }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: max(1, total)) { buffer in
        var offset = 0
        var pointers = bytes.map { string -> UnsafePointer<CChar>? in
            defer { offset += string.count }
            for (index, byte) in string.enumerated() { buffer[offset + index] = byte }
            return buffer.baseAddress.map { UnsafePointer($0 + offset) }
        }
        pointers.append(nil)
        return body(pointers)
    }
}
