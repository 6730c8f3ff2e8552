import FoundationEssentials
import NIOHTTP1

/// An answer, read to its end.
public struct TestHTTPResponse: Sendable, CustomStringConvertible {
    public let status: Int
    public let headers: HTTPHeaders
    public let body: [UInt8]

    public var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON; null when it is none.
    public var json: JSONValue {
        (try? JSONDecoder().decode(JSONValue.self, from: Data(body))) ?? .null
    }

    /// The body as a value of a type.
    ///
    /// - Throws: `DecodingError`.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(body))
    }

    /// The only or first value of the header called `name`.
    public func header(_ name: String) -> String? {
        headers.first(name: name)
    }

    /// Status and body, which is what one wants to see when a test fails.
    public var description: String { "\(status) \(text)" }
}

/// A connection did not do what the test needed of it.
public enum TestHTTPError: Error, Sendable {
    /// The server closed the connection before the answer was complete.
    case closed
    /// A URL without a host or of another scheme than http.
    case malformedURL(String)
}
