import EventBus
import Foundation
import FoundationEssentials
import Identity

/// Keeps this instance's knowledge of keys right by its own service's events, in case an announcement was lost.
struct RevokedKeys: Sendable {
    let cache: CredentialCache<DevicePrincipal>

    /// A key that was revoked, or got another end, is looked up anew at its next use.
    func follow(_ item: EventTail.Item) {
        guard case .event(let event) = item, event.type.hasPrefix("device.key."),
            let hash = SecretHash(hex: event.subject)
        else { return }
        cache.forget(hash)
    }
}
