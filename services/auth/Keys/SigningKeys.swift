import Identity
import Logging
import Postgres
import Reactor
import ServiceLifecycle
import Synchronization

/// The keys that tokens are signed and verified with, loaded from the database and looked for anew regularly, since their
/// time comes and goes, and another instance may change them.
final class SigningKeys: Service {
    /// The database has not been reached yet, or its keys were sealed with another secret.
    struct NotLoaded: Error {}

    private struct Loaded: Sendable {
        /// By when they sign from, the newest first.
        let signers: [(signsFrom: Timestamp, signer: TokenSigner)]
        let keySet: JSONWebKeySet
    }

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
                let pause = await self.load() ? self.store.terms.refresh : backoff.next()
                try? await Task.sleep(for: pause)
            }
        }
    }

    /// Signs with the newest key whose time has come.
    ///
    /// - Throws: ``NotLoaded``.
    func signer(at now: Timestamp = .now) throws(NotLoaded) -> TokenSigner {
        let signers = loaded.withLock(\.self)?.signers ?? []
        guard let signer = signers.first(where: { $0.signsFrom <= now }) ?? signers.last else { throw NotLoaded() }
        return signer.signer
    }

    /// Returns once there is a key to sign with, which takes a moment when the process has just started.
    ///
    /// - Throws: ``NotLoaded`` when there is none in time.
    func waitUntilLoaded() async throws(NotLoaded) {
        do { try await verificationKeys.waitUntilKnown() } catch { throw NotLoaded() }
        _ = try signer()
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
            let keySet = JSONWebKeySet(keys: keys.map(\.key.publicKey))
            if let loaded = loaded.withLock(\.self), loaded.keySet == keySet { return true }
            var signers: [(signsFrom: Timestamp, signer: TokenSigner)] = []
            for key in keys { signers.append((key.signsFrom, try await TokenSigner(key: key.key))) }
            loaded.withLock { [signers] in $0 = Loaded(signers: signers, keySet: keySet) }
            try await verificationKeys.replace(with: keySet.keys)
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
