/// A value that can be a parameter.
public protocol PostgresEncodable: Sendable {
    static var postgresType: OID { get }
    /// Appends the value in PostgreSQL's binary format, without its length.
    func encode(into bytes: inout [UInt8])
}

/// A value that can be read from a column.
public protocol PostgresDecodable {
    /// Reads the value from PostgreSQL's binary format; nil bytes are NULL.
    ///
    /// - Throws: ``DecodingFailure``.
    static func decode(_ bytes: UnsafeRawBufferPointer?, type: OID) throws -> Self
}

/// A value that can stand in an array: the array's type, and how the array is written and read.
public protocol PostgresArrayElement: Sendable {
    static var postgresArrayType: OID { get }
    static func encode(array: [Self], into bytes: inout [UInt8])
    static func decode(array bytes: UnsafeRawBufferPointer, type: OID) throws -> [Self]
}

/// What was found in a column and could not be read as the type that was asked for.
public enum DecodingFailure: Error, Equatable {
    case unexpectedNull
    /// The column's type or length is not that of the value asked for.
    case mismatch(column: OID, length: Int, wanted: String)
    case noSuchColumn(Int)
}

extension [UInt8] {
    /// Appends an integer in network byte order.
    mutating func append<Integer: FixedWidthInteger>(bigEndian value: Integer) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}

extension UnsafeRawBufferPointer {
    /// The integer in network byte order at `offset`.
    func bigEndian<Integer: FixedWidthInteger>(at offset: Int = 0, as: Integer.Type = Integer.self) -> Integer {
        Integer(bigEndian: loadUnaligned(fromByteOffset: offset, as: Integer.self))
    }
}

// MARK: Optionals

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: OID) throws -> Wrapped? {
        guard let bytes else { return nil }
        return try Wrapped.decode(bytes, type: type)
    }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresScalar {
    public static var postgresArrayType: OID { Wrapped.postgresArrayType }

    public static func encode(array: [Self], into bytes: inout [UInt8]) {
        ArrayFormat.encode(array, elementType: Wrapped.postgresType, into: &bytes) { element, bytes in
            guard let element else { return false }
            element.encode(into: &bytes)
            return true
        }
    }

    public static func decode(array bytes: UnsafeRawBufferPointer, type: OID) throws -> [Self] {
        try ArrayFormat.decode(bytes, type: type) { try Self.decode($0, type: $1) }
    }
}

// MARK: Arrays

extension Array: PostgresEncodable where Element: PostgresArrayElement {
    public static var postgresType: OID { Element.postgresArrayType }

    public func encode(into bytes: inout [UInt8]) {
        Element.encode(array: self, into: &bytes)
    }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: OID) throws -> [Element] {
        guard let bytes else { throw DecodingFailure.unexpectedNull }
        return try Element.decode(array: bytes, type: type)
    }
}

/// The binary format of a one-dimensional array (`array_send`): dimensions, has-null flag, element type, then per
/// dimension its length and lower bound, then each element behind its length, -1 for NULL.
enum ArrayFormat {
    static func encode<Element>(
        _ array: [Element], elementType: OID, into bytes: inout [UInt8],
        _ encodeElement: (Element, inout [UInt8]) -> Bool
    ) {
        bytes.reserveCapacity(bytes.count + 20 + array.count * 12)
        bytes.append(bigEndian: Int32(array.isEmpty ? 0 : 1))
        bytes.append(bigEndian: Int32(0))
        bytes.append(bigEndian: elementType.rawValue)
        guard !array.isEmpty else { return }
        bytes.append(bigEndian: Int32(array.count))
        bytes.append(bigEndian: Int32(1))
        for element in array {
            let start = bytes.count
            bytes.append(bigEndian: Int32(-1))
            guard encodeElement(element, &bytes) else { continue }
            let length = UInt32(bytes.count - start - 4)
            for byte in 0..<4 { bytes[start + byte] = UInt8(truncatingIfNeeded: length >> (24 - 8 * byte)) }
        }
    }

    /// - Throws: ``DecodingFailure``, also when the bytes are no such array: the column's type does not tell, as it may
    ///   be an enum's or a domain's array.
    static func decode<Element>(
        _ bytes: UnsafeRawBufferPointer, type: OID,
        _ decodeElement: (UnsafeRawBufferPointer?, OID) throws -> Element
    ) throws -> [Element] {
        func check(_ isArray: Bool) throws {
            guard isArray else {
                throw DecodingFailure.mismatch(column: type, length: bytes.count, wanted: "one-dimensional array")
            }
        }
        try check(bytes.count >= 12)
        let dimensions = bytes.bigEndian(at: 0, as: Int32.self)
        if dimensions == 0, bytes.count == 12 { return [] }
        try check(dimensions == 1 && bytes.count >= 20)
        let elementType = OID(rawValue: bytes.bigEndian(at: 8))
        let count = Int(bytes.bigEndian(at: 12, as: Int32.self))
        try check((0...(bytes.count - 20) / 4).contains(count))
        var offset = 20
        return try (0..<count).map { _ in
            try check(offset + 4 <= bytes.count)
            let length = Int(bytes.bigEndian(at: offset, as: Int32.self))
            offset += 4
            guard length >= 0 else { return try decodeElement(nil, elementType) }
            try check(offset + length <= bytes.count)
            defer { offset += length }
            return try decodeElement(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length]), elementType)
        }
    }
}
