import FoundationEssentials

/// A JSON document as its UTF-8 text.
public struct JSONB: Sendable, Hashable {
    public let bytes: [UInt8]

    /// `bytes` must be valid JSON; the server refuses anything else.
    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// - Throws: `EncodingError`.
    public init<Value: Encodable>(_ value: Value) throws {
        bytes = try Array(JSONEncoder().encode(value))
    }

    /// - Throws: `DecodingError`.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }

    public static let emptyObject = JSONB(bytes: Array("{}".utf8))
}
