/// What is served on a listener.
final class Site: Sendable {
    /// Which listener.
    enum Kind: UInt8, Sendable {
        /// Clients without TLS.
        case open
        /// Clients with it.
        case secure
        /// The operators' own.
        case operators
    }

    let router: Router
    /// Whether requests count towards the limits and appear in the access log.
    let isPublic: Bool
    /// The port to which clients are sent that come without TLS; nil serves them.
    let securePort: Int?

    init(router: Router, isPublic: Bool, securePort: Int? = nil) {
        self.router = router
        self.isPublic = isPublic
        self.securePort = securePort
    }
}
