import HTTPWire

/// The methods that a route takes.
struct HTTPMethods: OptionSet, Sendable {
    let rawValue: UInt8

    init(rawValue: UInt8) { self.rawValue = rawValue }
    init(_ method: HTTPMethod) { rawValue = 1 << method.rawValue }

    /// GET and HEAD.
    static let reading: HTTPMethods = [HTTPMethods(.get), HTTPMethods(.head)]
    static let all = HTTPMethods(rawValue: 0x7f)
}
