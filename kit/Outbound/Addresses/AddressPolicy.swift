/// Which addresses a request may connect to. It is asked about the address itself, after name resolution and just
/// before the socket is made, so that no name can lead around it.
public enum AddressPolicy: Sendable, Hashable {
    case any
    /// Only the public internet: for URLs that strangers give us.
    case publicOnly

    func permits(_ address: IPAddress) -> Bool {
        switch self {
        case .any: true
        case .publicOnly: address.scope == .global
        }
    }
}
