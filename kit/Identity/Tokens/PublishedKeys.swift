import Foundation
import ServiceLifecycle
import Synchronization

/// The issuer's public keys as it publishes them, kept in memory.
///
/// They are fetched again regularly, and when a token names a key that is not among them: one request at a time, at
/// most one a second. While the issuer is away the keys known so far stay in use.
public final class PublishedKeys: VerificationKeySource, Service {
    /// Fetches `/.well-known/jwks.json` of the issuer.
    public typealias Fetch = @Sendable () async throws -> JSONWebKeySet

    private struct State {
        var keys: [String: VerificationKey] = [:]
        /// Whether the last fetch succeeded: only then does an unknown id mean that there is no such key.
        var isCurrent = false
    }

    private let state = Mutex(State())
    private let fetch: Fetch
    private let refreshInterval: Duration
    private let gate: FetchGate

    public init(
        refreshInterval: Duration = .seconds(300), minimumInterval: Duration = .seconds(1), fetch: @escaping Fetch
    ) {
        self.fetch = fetch
        self.refreshInterval = refreshInterval
        gate = FetchGate(minimumInterval: minimumInterval)
    }

    /// Whether the issuer has answered once, so that its tokens can be verified.
    public var areKnown: Bool { state.withLock { !$0.keys.isEmpty } }

    /// Refreshes the keys until cancelled or shut down; every second until the first success.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.gate.pass(self.refresh)
                let wasFetched = self.state.withLock(\.isCurrent)
                // Until the keys are to be looked at again; only a cancellation ends the sleep early.
                try? await Task.sleep(for: wasFetched ? self.refreshInterval : .seconds(1))
            }
        }
    }

    public func key(id: String) async throws(TokenError) -> VerificationKey? {
        if let key = state.withLock({ $0.keys[id] }) { return key }
        await gate.pass(refresh)
        return try state.withLock { state throws(TokenError) in
            if let key = state.keys[id] { return key }
            guard state.isCurrent else { throw .keysUnavailable }
            return nil
        }
    }

    /// A key, if it is known without asking.
    func knownKey(id: String) -> VerificationKey? { state.withLock { $0.keys[id] } }

    /// Fetches the keys, unless that was done within the last second.
    public func refreshIfDue() async {
        await gate.pass(refresh)
    }

    private func refresh() async {
        do {
            var keys: [String: VerificationKey] = [:]
            for key in try await fetch().keys { keys[key.kid] = try VerificationKey(key) }
            state.withLock { [keys] in $0 = State(keys: keys, isCurrent: true) }
        } catch {
            state.withLock { $0.isCurrent = false }
        }
    }
}

/// Lets one caller at a time do a piece of work; who comes meanwhile waits for that, and who comes soon after passes by.
private actor FetchGate {
    private let minimumInterval: Duration
    private var lastEnd: ContinuousClock.Instant?
    private var waiting: [CheckedContinuation<Void, Never>]?

    init(minimumInterval: Duration) {
        self.minimumInterval = minimumInterval
    }

    func pass(_ work: @Sendable () async -> Void) async {
        if waiting != nil {
            await withCheckedContinuation { waiting?.append($0) }
            return
        }
        if let lastEnd, lastEnd.duration(to: .now) < minimumInterval { return }
        waiting = []
        await work()
        lastEnd = .now
        let waited = waiting ?? []
        waiting = nil
        for continuation in waited { continuation.resume() }
    }
}

/// The issuer's own keys, which it knows without asking anybody, once it has read them.
public final class LocalKeys: VerificationKeySource {
    /// Between two looks for them.
    private static let pause = Duration.milliseconds(20)

    /// Nil until they are there.
    private let keys = Mutex<[String: VerificationKey]?>(nil)
    private let patience: Duration

    /// - Parameter patience: How long whoever asks waits for the keys of a process that has just started; by default as long
    ///   as for a connection to the database.
    public init(patience: Duration = .seconds(3)) {
        self.patience = patience
    }

    /// Replaces the keys: those that sign, and those whose tokens are still about.
    public func replace(with published: [JSONWebKey]) async throws {
        var replacement: [String: VerificationKey] = [:]
        for key in published { replacement[key.kid] = try VerificationKey(key) }
        keys.withLock { [replacement] in $0 = replacement }
    }

    public func key(id: String) async throws(TokenError) -> VerificationKey? {
        try await known()[id]
    }

    /// Returns once the keys are there; throws `keysUnavailable` when they are not in time.
    public func waitUntilKnown() async throws(TokenError) { _ = try await known() }

    private func known() async throws(TokenError) -> [String: VerificationKey] {
        let end = ContinuousClock.now + patience
        while true {
            if let keys = keys.withLock(\.self) { return keys }
            guard .now < end, !Task.isCancelled else { throw .keysUnavailable }
            // A cancellation ends it early.
            try? await Task.sleep(for: Self.pause)
        }
    }
}
