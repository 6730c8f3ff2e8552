import Foundation
import Identity
import NIOCore
import ServiceLifecycle

/// Keeps the keys that tokens are checked with: fetched from the issuer now and then, and when a token names another.
struct IssuerKeys: Service {
    let tokens: TokenGate

    func run() async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await tokens.keys.run() }
            group.addTask {
                await cancelWhenGracefulShutdown {
                    for await _ in tokens.keyRequests { await tokens.keys.refreshIfDue() }
                }
            }
            try await group.waitForAll()
        }
    }

    /// The keys that the issuer of the generation in use publishes, by the first of its copies that gives them.
    static func published(_ current: CurrentGeneration, directory: UpstreamDirectory, probe: Probe) -> PublishedKeys {
        PublishedKeys {
            guard let issuer = current.value.configuration.tokens?.issuer else { throw IssuerUnreachable() }
            let copies = directory.copies(of: issuer)
            // One that is not ready may have them all the same.
            for copy in copies.filter(\.isReady) + copies.filter({ !$0.isReady }) where !Task.isCancelled {
                if let keys = try? await fetch(from: copy, probe) { return keys }
            }
            throw IssuerUnreachable()
        }
    }

    private static func fetch(from copy: UpstreamCopy, _ probe: Probe) async throws -> JSONWebKeySet {
        let answer = try await probe.get("/.well-known/jwks.json", from: copy.address, host: copy.name)
        guard answer.status == 200 else { throw IssuerUnreachable() }
        return try JSONDecoder().decode(JSONWebKeySet.self, from: Data(answer.body.readableBytesView))
    }
}

/// The issuer has no address, or no copy of it keys to give.
private struct IssuerUnreachable: Error {}
