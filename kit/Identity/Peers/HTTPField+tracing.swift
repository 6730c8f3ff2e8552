import HTTPTypes

extension HTTPField.Name {
    /// The id of a request, by which its lines in the logs of all services are found.
    public static let requestID = name("X-Request-ID")
    /// A request's place in a trace (W3C Trace Context).
    public static let traceparent = name("traceparent")

    private static func name(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is no field name") }
        return name
    }
}
