import Foundation
import Logging
import Testing

@testable import Identity

@Suite struct SessionRenewalTests {
    private let clock = StoppedClock()
    private let asked = Counter()

    private func renewal(asking ask: @escaping SessionRenewal.Ask) -> SessionRenewal {
        SessionRenewal(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: clock.now) {
            [asked] token in
            asked.increment()
            return try await ask(token)
        }
    }

    /// Whose token was issued that many seconds ago, for an hour.
    private func user(_ age: TimeInterval) -> UserPrincipal {
        let issuedAt = clock.now().addingTimeInterval(-age)
        return .sample(issuedAt: issuedAt, expiresAt: issuedAt.addingTimeInterval(3600))
    }

    @Test(arguments: [(0, false), (1800, false), (1801, true), (3599, true)] as [(TimeInterval, Bool)])
    func aTokenIsReplacedPastHalfOfItsLife(age: TimeInterval, isReplaced: Bool) async {
        let renewal = renewal { SessionToken($0 + " anew", maxAge: 60) }
        let renewed = await renewal.renewed("token", of: user(age))
        #expect(renewed == (isReplaced ? SessionToken("token anew", maxAge: 60) : nil))
        #expect(asked.value == (isReplaced ? 1 : 0))
    }

    @Test func ofManyRequestsAtOnceOneAsks() async {
        let renewal = renewal { token in
            // As long as an answer takes, so that the others ask meanwhile.
            try await Task.sleep(for: .milliseconds(50))
            return SessionToken(token, maxAge: nil)
        }
        let user = user(2000)
        let renewed = await withTaskGroup { group in
            for _ in 0..<20 { group.addTask { await renewal.renewed("token", of: user) != nil } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(renewed == 1)
        #expect(asked.value == 1)
        // Another session does not wait for it.
        _ = await renewal.renewed("token", of: self.user(2000))
        #expect(asked.value == 2)
    }

    @Test func whatFailedIsTriedAgainAfterAPause() async {
        let renewal = renewal { _ in throw PeerError.unavailable(reason: "down") }
        let user = user(2000)
        for (pause, asked) in [(0, 1), (29, 1), (2, 2), (1, 2)] as [(TimeInterval, Int)] {
            clock.advance(by: pause)
            let renewed = await renewal.renewed("token", of: user)
            #expect(renewed == nil)
            #expect(self.asked.value == asked)
        }
    }

    @Test func whatHasNoEndOrNoSessionIsNotReplaced() async {
        let renewal = renewal { SessionToken($0, maxAge: nil) }
        var endless = user(2000)
        endless.expiresAt = nil
        var personal = user(2000)
        personal.sessionID = nil
        for user in [endless, personal] {
            let renewed = await renewal.renewed("token", of: user)
            #expect(renewed == nil)
        }
    }
}
