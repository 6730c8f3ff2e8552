import HTTPWire

/// The methods that a route takes.
struct HTTPMethods: OptionSet, Sendable {
    let rawValue: UInt8

    init(rawValue: UInt8) { self.rawValue = rawValue }
    init(_ method: HTTPMethod) { rawValue = 1 << method.rawValue }

    static let all = HTTPMethods(rawValue: 0x7f)
}
