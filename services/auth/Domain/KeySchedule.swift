import Foundation
import Identity
import Postgres

/// When signing keys come and go.
struct KeyTerms: Sendable, Hashable {
    /// How long a key signs.
    var rotation = Duration.seconds(30 * 86_400)
    /// How long a key is published before it signs: longer than anybody goes without looking for new ones.
    var publication = Duration.seconds(600)
    /// How long a key is published when it does not sign any more: longer than what it signed last may hold.
    var verification = SessionTerms.rememberedBrowser.lifetime + .seconds(3600)
    /// How often every instance looks for what the others have changed; less than `publication`.
    var refresh = Duration.seconds(30)
}

/// A key as it is stored.
struct StoredKey: Sendable {
    let id: UUID
    let key: SigningKey
    let signsFrom: Timestamp
    /// When a successor was asked for; nil for one that comes by schedule.
    let rotatesAt: Timestamp?
}

/// What is to be done about the keys in use.
enum KeySchedule {
    /// Why a key is made.
    enum Occasion: Sendable, Hashable {
        /// There is none yet.
        case first
        /// The newest has signed for long enough.
        case due
        /// An operator asks for it.
        case requested
    }

    /// - Parameter keys: Those in use, by when they sign from, the newest first.
    static func additionDue(_ keys: [StoredKey], _ terms: KeyTerms, at now: Timestamp) -> Occasion? {
        guard let newest = keys.first else { return .first }
        if let request = newest.rotatesAt, request <= now { return .requested }
        return newest.signsFrom.adding(terms.rotation) <= now ? .due : nil
    }

    /// The keys of which nothing can hold any more: their successor has been signing for too long.
    static func retirementsDue(_ keys: [StoredKey], _ terms: KeyTerms, at now: Timestamp) -> [StoredKey] {
        zip(keys.dropFirst(), keys).filter { _, successor in
            successor.signsFrom.adding(terms.verification) <= now
        }.map(\.0)
    }
}
