import Foundation
import HTTPTypes

/// Whether a request was caused by one of our own pages, as far as the browser says.
public enum RequestOrigin: Sendable, Hashable {
    /// By a page of the host it is sent to.
    case same
    /// By a page of another site, or one whose origin is hidden.
    case foreign
    /// The client sends neither `Sec-Fetch-Site` nor `Origin`: an old browser, or none.
    case unknown

    /// Reads `Sec-Fetch-Site` (Fetch Metadata) or, without it, `Origin` (RFC 6454, section 7).
    public init(_ head: HTTPRequest) {
        switch head.headerFields[.secFetchSite] {
        case "same-origin"?, "none"?: self = .same
        case _?: self = .foreign
        case nil:
            guard let origin = head.headerFields[.origin] else {
                self = .unknown
                return
            }
            self = Self.host(of: origin) == head.publicHost.lowercased() ? .same : .foreign
        }
    }

    private static func host(of origin: String) -> String? {
        guard let components = URLComponents(string: origin), let host = components.host else { return nil }
        return components.port.map { "\(host):\($0)" }?.lowercased() ?? host.lowercased()
    }
}
