/// Why an exchange came to nothing. Reasons are libcurl's words and never hold the URL's path, query or password.
public enum TransferError: Error, Sendable, Hashable {
    /// The URL is malformed, or of another scheme than those of the exchange.
    case invalidURL(reason: String)
    case hostNotFound(reason: String)
    /// The address policy forbids the address that the URL leads to.
    case addressRefused(IPAddress)
    case connectionFailed(reason: String)
    /// TLS could not be agreed on, or the server's certificate could not be verified.
    case tlsFailed(reason: String)
    /// No connection or no complete response in the time allowed.
    case timedOut
    /// The response's body, or its header, is larger than the request allows.
    case responseTooLarge
    /// The connection broke, or the server does not speak the protocol.
    case transferFailed(reason: String)
}

extension TransferError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidURL(let reason): "the URL cannot be used: \(reason)"
        case .hostNotFound(let reason): "the host was not found: \(reason)"
        case .addressRefused(let address): "connecting to \(address) is not allowed"
        case .connectionFailed(let reason): "cannot connect: \(reason)"
        case .tlsFailed(let reason): "no secure connection: \(reason)"
        case .timedOut: "no response in the time allowed"
        case .responseTooLarge: "the response is larger than allowed"
        case .transferFailed(let reason): "the exchange failed: \(reason)"
        }
    }
}
