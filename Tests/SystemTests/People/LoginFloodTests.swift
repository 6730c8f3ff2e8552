import Foundation
import Synchronization
import TestKit
import Testing

/// Hashing passwords takes a processor for a good part of a second.
struct LoginFloodTests {
    @Test(.timeLimit(.minutes(15)))
    func `who is signed in is answered while others flood the sign-in, and those are told to come back`() async throws {
        // Else the gateway would hold off all but some.
        let installation = try await SystemInstallation.start([
            "LMS_GATEWAY_SIGN_IN_RATE": "1000", "LMS_GATEWAY_SIGN_IN_BURST": "1000",
        ])
        let owner = try await installation.owner()
        let flood = LoginFlood(at: owner)
        async let flooded: Void = flood.run()
        var answered = 0
        repeat {
            let me = try await owner.api.get("/api/v1/auth/me")
            #expect(me.status == 200, "\(me)")
            answered += 1
        } while !flood.isOver
        try await flooded

        #expect(flood.answers.count == LoginFlood.logins)
        let refused = flood.answers.filter { ![200, 401].contains($0.status) }
        for answer in refused {
            #expect([429, 503].contains(answer.status) && answer.header("retry-after") != nil, "\(answer)")
        }
        // It was more than could be served, and some of it was.
        #expect(!refused.isEmpty && refused.count < LoginFlood.logins)
        // While one password is hashed there is time for many answers; were they to wait for it, there would be fewer.
        #expect(answered > flood.answers.count - refused.count)
        // The address has failed often, which is forgiven with time.
        _ = try await eventually(within: .seconds(60)) { try await owner.signedInAgain() }
        await installation.stack.stop()
    }
}

/// Many logins at once: every second one is the owner's, the others are to accounts that do not exist.
private final class LoginFlood: Sendable {
    static let logins = 200
    private static let atOnce = 40

    private let owner: Owner
    private let state = Mutex((begun: 0, answers: [TestHTTPResponse](), isOver: false))

    init(at owner: Owner) {
        self.owner = owner
    }

    var answers: [TestHTTPResponse] { state.withLock(\.answers) }
    var isOver: Bool { state.withLock(\.isOver) }

    func run() async throws {
        defer { state.withLock { $0.isOver = true } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.atOnce { group.addTask { try await self.keepLoggingIn() } }
            try await group.waitForAll()
        }
    }

    private func keepLoggingIn() async throws {
        while let number = nextNumber() {
            let answer = try await number.isMultiple(of: 2) ? owner.logIn() : logInAsNobody()
            state.withLock { $0.answers.append(answer) }
        }
    }

    private func nextNumber() -> Int? {
        state.withLock { state in
            guard state.begun < Self.logins else { return nil }
            defer { state.begun += 1 }
            return state.begun
        }
    }

    private func logInAsNobody() async throws -> TestHTTPResponse {
        try await owner.installation.client.post(
            "/api/v1/auth/login",
            ["email": .string("nobody-\(UUID().uuidString)@example.org"), "password": .string(Owner.password)])
    }
}
