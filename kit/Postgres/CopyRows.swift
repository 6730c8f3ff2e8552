/// Rows for `COPY … FROM STDIN (FORMAT binary)`: of each its columns, in their order.
///
/// The format is that of PostgreSQL's documentation of COPY, section "Binary Format"; values are as parameters are sent.
public struct CopyRows: Sendable {
    private static let header = Array("PGCOPY\n".utf8) + [0xff] + Array("\r\n\0".utf8) + [UInt8](repeating: 0, count: 8)
    private static let trailer: Int16 = -1

    private var bytes = header

    /// - Parameter capacity: Bytes that all rows take, about.
    public init(capacity: Int) {
        bytes.reserveCapacity(capacity + Self.header.count + 2)
    }

    /// What is sent.
    var data: [UInt8] {
        var data = bytes
        data.append(bigEndian: Self.trailer)
        return data
    }

    /// Begins the next row, to which so many columns are appended.
    public mutating func beginRow(columns: Int) { bytes.append(bigEndian: Int16(columns)) }

    public mutating func append(_ value: Int16) { appendColumn(value) }
    public mutating func append(_ value: Int64) { appendColumn(value) }
    public mutating func append(_ value: Double?) { appendColumn(value) }
    public mutating func append(_ value: Timestamp) { appendColumn(value) }
    public mutating func append(_ value: String?) { appendColumn(value) }
    public mutating func append(_ value: JSONB?) { appendColumn(value) }

    private mutating func appendColumn<Value: PostgresEncodable>(_ value: Value?) {
        guard let value else { return bytes.append(bigEndian: Int32(-1)) }
        let start = bytes.count
        bytes.append(bigEndian: Int32(0))
        value.encode(into: &bytes)
        withUnsafeBytes(of: Int32(bytes.count - start - 4).bigEndian) { length in
            for (index, byte) in length.enumerated() { bytes[start + index] = byte }
        }
    }
}
