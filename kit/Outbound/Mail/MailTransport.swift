import FoundationEssentials

/// Where mail goes.
public enum MailTransport: Sendable, Hashable {
    /// To a server that takes or passes it on.
    case smtp(SMTPServer)
    /// Into a folder, a file a message, for people who develop or try the system out.
    case folder(String)

    /// Reads `smtp://[user:password@]host[:port][?ca=/file.pem]`, the same with `smtps`, or `file:///folder`; nil for
    /// anything else.
    public init?(url: String) {
        guard let parts = URL(string: url), let scheme = parts.scheme?.lowercased() else { return nil }
        switch scheme {
        case "smtp", "smtps":
            guard let host = parts.host(percentEncoded: false), !host.isEmpty, parts.path().count <= 1 else {
                return nil
            }
            let query = parts.query(percentEncoded: false)
            let authorities = query.flatMap { $0.hasPrefix("ca=/") ? String($0.dropFirst(3)) : nil }
            guard (query == nil) == (authorities == nil), parts.fragment() == nil else { return nil }
            self = .smtp(
                SMTPServer(
                    host: host, port: parts.port, security: scheme == "smtps" ? .tls : .startTLS,
                    user: parts.user(percentEncoded: false), password: parts.password(percentEncoded: false),
                    authorities: authorities))
        case "file":
            let path = parts.path(percentEncoded: false)
            guard parts.host() ?? "" == "", path.hasPrefix("/"), path.count > 1 else { return nil }
            self = .folder(path)
        default:
            return nil
        }
    }
}

/// A server that is spoken to by SMTP (RFC 5321, RFC 6409).
public struct SMTPServer: Sendable, Hashable {
    public enum Security: Sendable, Hashable {
        /// TLS from the first byte (RFC 8314).
        case tls
        /// STARTTLS (RFC 3207) where the server offers it; with a password it must.
        case startTLS
    }

    public var host: String
    /// Nil for 465 with TLS, else 25, or 587 for who has a password.
    public var port: Int?
    public var security: Security
    public var user: String?
    public var password: String?
    /// A file of the certificates that its own must be signed by; nil for those that the system trusts.
    public var authorities: String?

    public init(
        host: String, port: Int? = nil, security: Security, user: String? = nil, password: String? = nil,
        authorities: String? = nil
    ) {
        self.host = host
        self.port = port
        self.security = security
        self.user = user
        self.password = password
        self.authorities = authorities
    }

    var url: String {
        let defaultPort = security == .tls ? 465 : user == nil ? 25 : 587
        // An IPv6 address stands in brackets.
        let host = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        return "\(security == .tls ? "smtps" : "smtp")://\(host):\(port ?? defaultPort)"
    }
}
