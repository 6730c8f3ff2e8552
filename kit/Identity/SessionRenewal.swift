import Foundation
import Logging
import Synchronization

/// What a browser keeps its session with: the content of its cookie, as `auth` signs it.
public struct SessionToken: Sendable, Hashable, Codable {
    /// A JWT.
    public var token: String
    /// Seconds for which the browser keeps it; nil until the browser is closed.
    public var maxAge: Int?

    public init(_ token: String, maxAge: Int?) {
        self.token = token
        self.maxAge = maxAge
    }

    private enum CodingKeys: String, CodingKey {
        case token
        case maxAge = "max_age"
    }
}

/// The session whose token is to be replaced: the body of `POST /internal/v1/sessions/renew`.
public struct SessionToRenew: Sendable, Codable {
    /// The JWT in the browser's cookie.
    public var token: String

    public init(token: String) {
        self.token = token
    }
}

/// Has `auth`, which alone signs, replace the tokens of sessions that are in use past half of their life.
///
/// It is asked once in 30 s for a session, whatever comes of it: not by each of the requests that a page makes at once,
/// and not by every request while it is away.
public final class SessionRenewal: Sendable {
    /// Asks for another token in place of that of a session; nil when there is none for it.
    public typealias Ask = @Sendable (_ token: String) async throws -> SessionToken?

    /// How long a session is left alone once it has been asked for, in seconds.
    static let pause: TimeInterval = 30

    private let logger: Logger
    private let now: @Sendable () -> Date
    private let ask: Ask
    /// The sessions that have been asked for lately.
    private let asked = Mutex(BoundedCache<UUID, Bool>(capacity: 10_000))

    public init(logger: Logger, now: @escaping @Sendable () -> Date = { Date() }, ask: @escaping Ask) {
        self.logger = logger
        self.now = now
        self.ask = ask
    }

    /// Another token for the session of `user`, which `token` stands for; nil where none is due or to be had just now.
    public func renewed(_ token: String, of user: UserPrincipal) async -> SessionToken? {
        let now = now()
        guard user.isPastHalfLife(at: now), let session = user.sessionID, takeTurn(for: session, at: now) else {
            return nil
        }
        do {
            return try await ask(token)
        } catch {
            logger.debug("a session could not be renewed", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func takeTurn(for session: UUID, at now: Date) -> Bool {
        asked.withLock { asked in
            guard asked.value(for: session, at: now) == nil else { return false }
            asked.insert(true, for: session, until: now.addingTimeInterval(Self.pause))
            return true
        }
    }
}

extension UserPrincipal {
    /// Whether more of the credential's life is over than is left of it, from when a session's is replaced.
    public func isPastHalfLife(at now: Date) -> Bool {
        guard let expiresAt else { return false }
        return now.timeIntervalSince(issuedAt) > expiresAt.timeIntervalSince(now)
    }
}
