import HTTPWire

/// The methods that a route takes.
struct HTTPMethods: OptionSet, Sendable, CustomStringConvertible {
    let rawValue: UInt8

    init(rawValue: UInt8) { self.rawValue = rawValue }
    init(_ method: HTTPMethod) { rawValue = 1 << method.rawValue }

    /// GET and HEAD.
    static let reading: HTTPMethods = [HTTPMethods(.get), HTTPMethods(.head)]
    static let all = HTTPMethods(rawValue: 0x7f)

    /// Their names, such as `GET,HEAD`.
    var description: String {
        HTTPMethod.allCases.filter { contains(HTTPMethods($0)) }.map(\.name).joined(separator: ",")
    }
}
