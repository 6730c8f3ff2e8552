import HTTPWire
import NIOCore

/// Who is at the other end of a client's connection.
struct ClientOrigin {
    let address: String
    let addressHash: UInt64
    /// What services are told about it.
    let forwarded: ForwardedFields
    /// Whether what passes is encrypted on its way to the client.
    let isSecure: Bool

    /// - Parameter scheme: `http` or `https`.
    init(_ address: SocketAddress?, scheme: String) {
        let address = address?.unmapped
        self.address = address?.ipAddress ?? "unknown"
        addressHash = AddressHash.of(address)
        forwarded = ForwardedFields(address: self.address, scheme: scheme)
        isSecure = scheme == "https"
    }
}
