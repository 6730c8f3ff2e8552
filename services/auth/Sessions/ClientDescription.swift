/// Where a session was opened, as the user is told.
struct ClientDescription: Sendable, Hashable {
    private static let maximumLength = 256

    let userAgent: String?
    let address: String?

    init(userAgent: String?, address: String?) {
        self.userAgent = userAgent.map { String($0.prefix(Self.maximumLength)) }
        self.address = address.map { String($0.prefix(Self.maximumLength)) }
    }
}
