import Foundation
import Logging
import Synchronization
import Testing

@testable import Identity

@Suite struct RevocationTests {
    private let user = UserPrincipal.sample()
    private var issued: Int64 { user.issuedAt.microseconds }

    private func revokes(_ subject: Revocation.Subject, at: Int64, _ principal: UserPrincipal) -> Bool {
        var set = RevocationSet()
        set.insert(Revocation(subject, at: at, until: at + 1_000_000), now: at)
        return set.revokes(principal)
    }

    @Test func eachKindVoidsItsOwn() throws {
        let organization = try #require(user.organizationID)
        let session = try #require(user.sessionID)
        #expect(revokes(.session(session), at: issued, user))
        #expect(revokes(.token(user.tokenID), at: issued, user))
        #expect(revokes(.user(user.id), at: issued + 1, user))
        #expect(revokes(.membership(user: user.id, organization: organization), at: issued + 1, user))
        #expect(revokes(.organization(organization), at: issued, user))
        let other = UserPrincipal.sample()
        for subject: Revocation.Subject in [
            .session(session), .token(user.tokenID), .user(user.id), .organization(organization),
            .membership(user: user.id, organization: organization),
            .membership(user: other.id, organization: organization),
        ] {
            #expect(!revokes(subject, at: issued + 1, other))
        }
    }

    @Test func whatIsIssuedAfterwardsHolds() throws {
        let organization = try #require(user.organizationID)
        #expect(!revokes(.user(user.id), at: issued, user))
        #expect(!revokes(.membership(user: user.id, organization: organization), at: issued, user))
    }

    @Test func aDeviceFallsWithItsKeyAndItsOrganization() {
        let device = DevicePrincipal(id: UUID(), organizationID: UUID(), keyHash: SecretHash(of: "key"))
        var set = RevocationSet()
        #expect(!set.revokes(device))
        set.insert(Revocation(.deviceKey(SecretHash(of: "other")), at: 0, until: 10), now: 5)
        #expect(!set.revokes(device))
        set.insert(Revocation(.deviceKey(device.keyHash), at: 0, until: 10), now: 5)
        #expect(set.revokes(device))
        var another = RevocationSet()
        another.insert(Revocation(.organization(device.organizationID), at: 0, until: 10), now: 5)
        #expect(another.revokes(device))
    }

    @Test func whatCannotMatterAnyMoreIsForgotten() {
        var set = RevocationSet()
        for _ in 0..<100_000 { set.insert(Revocation(.token(UUID()), at: 0, until: 10), now: 5) }
        for _ in 0..<200_000 { set.insert(Revocation(.token(UUID()), at: 20, until: 21), now: 20) }
        set.insert(Revocation(.token(UUID()), at: 0, until: 10), now: 20)
        #expect(set.count <= 200_000)
    }

    @Test func itIsWrittenAsDocumented() throws {
        let id = UUID()
        for (subject, json): (Revocation.Subject, String) in [
            (.session(id), #"{"at":1,"id":"ID","kind":"session","until":2}"#),
            (
                .membership(user: id, organization: id),
                #"{"at":1,"id":"ID","kind":"membership","organization_id":"ID","until":2}"#
            ),
            (.deviceKey(SecretHash(of: "k")), #"{"at":1,"key_hash":"HASH","kind":"device_key","until":2}"#),
        ] {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            let revocation = Revocation(subject, at: 1, until: 2)
            let encoded = try encoder.encode(revocation)
            let expected = json.replacingOccurrences(of: "ID", with: id.uuidString.lowercased())
                .replacingOccurrences(of: "HASH", with: SecretHash(of: "k").hex)
            #expect(String(decoding: encoded, as: UTF8.self) == expected)
            #expect(try JSONDecoder().decode(Revocation.self, from: encoded) == revocation)
        }
    }

    @Test func itIsReadAgainWhileNothingIsHeard() {
        var schedule = RereadSchedule()
        let start = ContinuousClock.now
        func isTaken(after seconds: Int) -> Bool { schedule.takeTurn(at: start + .seconds(seconds)) }
        #expect(isTaken(after: 0))
        #expect(isTaken(after: 1), "once a second while the channel is away")
        schedule.isListening = true
        #expect(isTaken(after: 2), "what was announced before the subscription held")
        #expect(!isTaken(after: 3))
        #expect(isTaken(after: 40), "regularly, since a channel may lose messages")
        schedule.isListening = false
        #expect(isTaken(after: 41))
    }

    @Test(.timeLimit(.minutes(1))) func theFeedTakesBothWays() async throws {
        let (announced, reread) = (UserPrincipal.sample(), UserPrincipal.sample())
        let revocations = Revocations()
        let (signals, continuation) = AsyncStream.makeStream(of: RevocationSignal.self)
        let feed = RevocationFeed(revocations: revocations, signals: signals, logger: Logger(label: "test")) { after in
            let item = Revocation(.token(reread.tokenID), at: Date(), lifetime: 60)
            return RevocationPage(items: after == nil ? [item] : [], next: "1")
        }
        try await withThrowingTaskGroup { group in
            group.addTask { try await feed.run() }
            continuation.yield(.isListening(true))
            continuation.yield(.message(Array("{}".utf8)))
            let revocation = Revocation(.token(announced.tokenID), at: Date(), lifetime: 60)
            continuation.yield(.message(Array(try JSONEncoder().encode(revocation))))
            while !revocations.isRevoked(announced) || !revocations.isRevoked(reread) { await Task.yield() }
            group.cancelAll()
        }
    }
}
