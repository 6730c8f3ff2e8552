/// Why bytes are not an acceptable HTTP/1.1 message.
public enum MessageError: Error, Equatable {
    /// Not HTTP, or HTTP that two readers could understand differently (RFC 9112 §11.2): 400.
    case malformed(String)
    /// The request target is longer than the limit: 414.
    case targetTooLong
    /// The header section is longer than the limit, or has too many fields: 431.
    case headTooLarge
    /// A version other than HTTP/1.0 and HTTP/1.1: 505.
    case unsupportedVersion
    /// An `Expect` other than `100-continue`: 417.
    case unknownExpectation
}
