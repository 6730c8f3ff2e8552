import Foundation
import LocalStack
import TestKit

/// A round of kills: which servers, and when.
struct Kills: Sendable {
    /// Where the kills of this run come from: `LMS_TEST_SEED`, to repeat a run that failed, or else chance.
    static let seed =
        ProcessInfo.processInfo.environment["LMS_TEST_SEED"].flatMap { UInt64($0) }
        ?? .random(in: .min ... .max)

    private static let roundsPerServer = 2

    let victims: [ManagedProcess]
    /// How long the load goes on before.
    let delay: Duration
    /// How long they stay away.
    let outage: Duration

    /// Rounds of which each kills one of `servers`, and one in two another one with it; every server has its turns, in an
    /// order that the seed tells.
    static func rounds(of servers: [ManagedProcess], seed: UInt64) -> [Kills] {
        var random = SplitMix64(seed: seed)
        let turns = servers.indices.flatMap { Array(repeating: $0, count: roundsPerServer) }.shuffled(using: &random)
        return turns.map { turn in
            let isAlone = Bool.random(using: &random)
            let step = isAlone ? 0 : Int.random(in: 1..<servers.count, using: &random)
            return Kills(
                victims: Set([turn, (turn + step) % servers.count]).sorted().map { servers[$0] },
                delay: .milliseconds(Int.random(in: 0...200, using: &random)),
                outage: .milliseconds(Int.random(in: 50...300, using: &random)))
        }
    }

    /// Kills the servers and starts them again; returns when PostgreSQL and Redis, where they are among them, answer.
    func carryOut() async throws {
        // The pauses are what is tested: they make the moment a random one, in whatever is under way then.
        try await Task.sleep(for: delay)
        for victim in victims { await victim.stop(with: .kill) }
        try await Task.sleep(for: outage)
        for victim in victims { try await victim.start() }
    }
}
