import HTTPWire
import NIOCore

/// Who asks: whoever is at the other end of a client's connection, or for whom a trusted proxy there speaks.
struct ClientOrigin {
    /// Nil where there is none, as of a UNIX socket.
    let socketAddress: SocketAddress?
    /// The address as text.
    let address: String
    let addressHash: UInt64
    /// What services are told about it.
    let forwarded: ForwardedFields
    /// Whether what passes is encrypted on its way to the client.
    let isSecure: Bool

    /// - Parameter scheme: `http` or `https`.
    init(_ address: SocketAddress?, scheme: String) {
        socketAddress = address?.unmapped
        self.address = socketAddress?.ipAddress ?? "unknown"
        addressHash = AddressHash.of(socketAddress)
        forwarded = ForwardedFields(socketAddress, scheme: scheme)
        isSecure = scheme == "https"
    }
}
