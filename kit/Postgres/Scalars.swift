import FoundationEssentials

/// A value of one of PostgreSQL's base types.
public protocol PostgresScalar: PostgresEncodable, PostgresDecodable, PostgresArrayElement {
    /// Reads a value that is not NULL.
    static func decode(_ bytes: UnsafeRawBufferPointer, type: OID) throws -> Self
}

extension PostgresScalar {
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: OID) throws -> Self {
        guard let bytes else { throw DecodingFailure.unexpectedNull }
        return try decode(bytes, type: type)
    }

    public static func encode(array: [Self], into bytes: inout [UInt8]) {
        ArrayFormat.encode(array, elementType: postgresType, into: &bytes) { element, bytes in
            element.encode(into: &bytes)
            return true
        }
    }

    public static func decode(array bytes: UnsafeRawBufferPointer, type: OID) throws -> [Self] {
        try ArrayFormat.decode(bytes, type: type) { try decode($0, type: $1) }
    }

    static func mismatch(_ bytes: UnsafeRawBufferPointer, _ type: OID) -> DecodingFailure {
        .mismatch(column: type, length: bytes.count, wanted: "\(Self.self)")
    }
}

extension Bool: PostgresScalar {
    public static var postgresType: OID { .bool }
    public static var postgresArrayType: OID { .boolArray }

    public func encode(into bytes: inout [UInt8]) {
        bytes.append(self ? 1 : 0)
    }

    public static func decode(_ bytes: UnsafeRawBufferPointer, type: OID) throws -> Bool {
        guard type == .bool, bytes.count == 1 else { throw mismatch(bytes, type) }
        return bytes[0] != 0
    }
}

/// An integer of 2, 4 or 8 bytes; it is read from a column of its own width or a narrower one.
public protocol PostgresInteger: PostgresScalar, FixedWidthInteger {}

extension PostgresInteger {
    public func encode(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: self)
    }

    public static func decode(_ bytes: UnsafeRawBufferPointer, type: OID) throws -> Self {
        switch (type, bytes.count) {
        case (.int2, 2): return Self(bytes.bigEndian(as: Int16.self))
        case (.int4, 4) where Self.bitWidth >= 32: return Self(bytes.bigEndian(as: Int32.self))
        case (.int8, 8) where Self.bitWidth >= 64: return Self(bytes.bigEndian(as: Int64.self))
        default: throw mismatch(bytes, type)
        }
    }
}

extension Int16: PostgresInteger {
    public static var postgresType: OID { .int2 }
    public static var postgresArrayType: OID { .int2Array }
}

extension Int32: PostgresInteger {
    public static var postgresType: OID { .int4 }
    public static var postgresArrayType: OID { .int4Array }
}

extension Int64: PostgresInteger {
    public static var postgresType: OID { .int8 }
    public static var postgresArrayType: OID { .int8Array }
}

extension Int: PostgresInteger {
    public static var postgresType: OID { .int8 }
    public static var postgresArrayType: OID { .int8Array }
}

extension Double: PostgresScalar {
    public static var postgresType: OID { .float8 }
    public static var postgresArrayType: OID { .float8Array }

    public func encode(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: bitPattern)
    }

    public static func decode(_ bytes: UnsafeRawBufferPointer, type: OID) throws -> Double {
        guard type == .float8, bytes.count == 8 else { throw mismatch(bytes, type) }
        return Double(bitPattern: bytes.bigEndian())
    }
}

extension String: PostgresScalar {
    public static var postgresType: OID { .text }
    public static var postgresArrayType: OID { .textArray }

    public func encode(into bytes: inout [UInt8]) {
        bytes.append(contentsOf: utf8)
    }

    /// Any column may be read as text whose binary format is its text: text, varchar, name, json, enums.
    public static func decode(_ bytes: UnsafeRawBufferPointer, type: OID) throws -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}

extension UUID: PostgresScalar {
    public static var postgresType: OID { .uuid }
    public static var postgresArrayType: OID { .uuidArray }

    public func encode(into bytes: inout [UInt8]) {
        withUnsafeBytes(of: uuid) { bytes.append(contentsOf: $0) }
    }

    public static func decode(_ bytes: UnsafeRawBufferPointer, type: OID) throws -> UUID {
        guard type == .uuid, bytes.count == 16 else { throw mismatch(bytes, type) }
        return UUID(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}

extension Timestamp: PostgresScalar {
    public static var postgresType: OID { .timestamptz }
    public static var postgresArrayType: OID { .timestamptzArray }

    /// PostgreSQL counts from 2000-01-01.
    private static let postgresEpoch: Int64 = 946_684_800_000_000

    public func encode(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: microseconds - Self.postgresEpoch)
    }

    public static func decode(_ bytes: UnsafeRawBufferPointer, type: OID) throws -> Timestamp {
        guard type == .timestamptz, bytes.count == 8 else { throw mismatch(bytes, type) }
        return Timestamp(microseconds: bytes.bigEndian(as: Int64.self) + postgresEpoch)
    }
}

extension JSONB: PostgresScalar {
    public static var postgresType: OID { .jsonb }
    public static var postgresArrayType: OID { .jsonbArray }

    /// The version of `jsonb_send`'s format, which stands before the text.
    private static let version: UInt8 = 1

    public func encode(into bytes: inout [UInt8]) {
        bytes.append(Self.version)
        bytes.append(contentsOf: self.bytes)
    }

    public static func decode(_ bytes: UnsafeRawBufferPointer, type: OID) throws -> JSONB {
        switch type {
        case .jsonb where bytes.first == version: return JSONB(bytes: Array(bytes.dropFirst()))
        case .json: return JSONB(bytes: Array(bytes))
        default: throw mismatch(bytes, type)
        }
    }
}

/// `[UInt8]` is `bytea`, not an array.
extension UInt8: PostgresArrayElement {
    public static var postgresArrayType: OID { .bytea }

    public static func encode(array: [UInt8], into bytes: inout [UInt8]) {
        bytes.append(contentsOf: array)
    }

    public static func decode(array bytes: UnsafeRawBufferPointer, type: OID) throws -> [UInt8] {
        guard type == .bytea else {
            throw DecodingFailure.mismatch(column: type, length: bytes.count, wanted: "[UInt8]")
        }
        return Array(bytes)
    }
}

/// `[[UInt8]]` is an array of `bytea`.
extension [UInt8]: PostgresArrayElement {
    public static var postgresArrayType: OID { .byteaArray }

    public static func encode(array: [[UInt8]], into bytes: inout [UInt8]) {
        ArrayFormat.encode(array, elementType: .bytea, into: &bytes) { element, bytes in
            bytes.append(contentsOf: element)
            return true
        }
    }

    public static func decode(array bytes: UnsafeRawBufferPointer, type: OID) throws -> [[UInt8]] {
        try ArrayFormat.decode(bytes, type: type) { try [UInt8].decode($0, type: $1) }
    }
}
