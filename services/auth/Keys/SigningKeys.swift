import Identity
import Logging
import Reactor
import ServiceLifecycle
import Synchronization

/// The keys that tokens are signed and verified with, loaded from the database and looked for anew regularly, since
/// another instance may add one.
final class SigningKeys: Service {
    /// The database has not been reached yet, or its keys were sealed with another secret.
    struct NotLoaded: Error {}

    private struct Loaded: Sendable {
        let signer: TokenSigner
        let keySet: JSONWebKeySet
    }

    private static let refreshInterval = Duration.seconds(30)

    private let store: SigningKeyStore
    private let verificationKeys: LocalKeys
    /// Knows of no revocation.
    private let verifier: TokenVerifier
    private let logger: Logger
    private let loaded = Mutex<Loaded?>(nil)

    /// - Parameter verificationKeys: What tokens are verified with in this process; kept equal to the keys in use.
    init(store: SigningKeyStore, verificationKeys: LocalKeys, logger: Logger) {
        self.store = store
        self.verificationKeys = verificationKeys
        verifier = TokenVerifier(keys: verificationKeys, revocations: Revocations())
        self.logger = logger
    }

    /// Loads the keys until cancelled or shut down.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            var backoff = Backoff()
            while !Task.isCancelled {
                let pause = await self.load() ? Self.refreshInterval : backoff.next()
                try? await Task.sleep(for: pause)
            }
        }
    }

    /// Signs with the newest key.
    ///
    /// - Throws: ``NotLoaded``.
    func signer() throws(NotLoaded) -> TokenSigner {
        guard let loaded = loaded.withLock(\.self) else { throw NotLoaded() }
        return loaded.signer
    }

    /// The public halves of all keys in use.
    ///
    /// - Throws: ``NotLoaded``.
    func keySet() throws(NotLoaded) -> JSONWebKeySet {
        guard let loaded = loaded.withLock(\.self) else { throw NotLoaded() }
        return loaded.keySet
    }

    /// Whom a token of ours stands for, or stood for until it was revoked.
    func holder(of token: String) async throws(TokenError) -> UserPrincipal {
        try await verifier.verify(token)
    }

    private func load() async -> Bool {
        do {
            let keys = try await store.load()
            guard let newest = keys.first else { return false }
            let keySet = JSONWebKeySet(keys: keys.map(\.publicKey))
            if let loaded = loaded.withLock(\.self), loaded.keySet == keySet { return true }
            try await verificationKeys.replace(with: keySet.keys)
            let signer = try await TokenSigner(key: newest)
            loaded.withLock { $0 = Loaded(signer: signer, keySet: keySet) }
            return true
        } catch is CancellationError {
            return false
        } catch let error as SealError {
            logger.error(
                "the signing keys were sealed with another LMS_SECRET_KEY; put that one behind the new one",
                metadata: ["error": "\(error)"])
            return false
        } catch {
            logger.warning("the signing keys could not be loaded; trying again", metadata: ["error": "\(error)"])
            return false
        }
    }
}
