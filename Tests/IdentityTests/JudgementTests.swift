import Foundation
import TestKit
import Testing

@testable import Identity

@Suite struct JudgementTests {
    private let key = SigningKey()
    private let now = Date(timeIntervalSince1970: 1_764_000_001)

    private func keys() async -> PublishedKeys {
        let keys = PublishedKeys(minimumInterval: .seconds(60)) { [key] in JSONWebKeySet(keys: [key.publicKey]) }
        await keys.refreshIfDue()
        return keys
    }

    private func refusal(of credential: String, by keys: PublishedKeys, at date: Date? = nil) -> AuthenticationFailure?
    {
        guard case .refused(let failure) = keys.judge(credential, at: date ?? now) else { return nil }
        return failure
    }

    @Test func aSignedTokenNamesItsUserUntilItEnds() async throws {
        let user = UserPrincipal.sample()
        let token = try await TokenSigner(key: key).sign(.sample(user: user))
        let keys = await keys()
        guard case .user(let found) = keys.judge(token, at: now) else {
            Issue.record("not taken for a user's")
            return
        }
        #expect(found.id == user.id)
        #expect(found.organizationID == user.organizationID)
        #expect(refusal(of: token, by: keys, at: now.addingTimeInterval(900)) == .expired)
    }

    @Test func whatServicesRefuseIsRefusedForTheSameReason() async throws {
        let keys = await keys()
        let token = try await TokenSigner(key: key).sign(.sample())
        let other = try await TokenSigner(key: key).sign(.sample())
        let parts = token.split(separator: ".")
        let swapped = "\(parts[0]).\(parts[1]).\(other.split(separator: ".")[2])"
        #expect(refusal(of: swapped, by: keys) == .invalid)
        #expect(refusal(of: "\(parts[0]).\(parts[1]).AAAA", by: keys) == .invalid)
        #expect(refusal(of: "\(parts[0]).\(parts[1]).", by: keys) != nil)
        #expect(refusal(of: try await TokenSigner(key: key).sign(.sample(.internal)), by: keys) == .invalid)
        let unsigned = Base64URL.encode(#"{"alg":"none","kid":"\#(key.kid)"}"#.utf8) + ".\(parts[1]).\(parts[2])"
        #expect(refusal(of: unsigned, by: keys) == .invalid)
        let critical = Base64URL.encode(#"{"alg":"ES256","kid":"\#(key.kid)","crit":["b64"]}"#.utf8)
        #expect(refusal(of: "\(critical).\(parts[1]).\(parts[2])", by: keys) == .malformed)
        for text in ["", "a", "a.b.c", "lms_dev_", "lms_pat_short"] {
            #expect(refusal(of: text, by: keys) == .malformed, "\(text)")
        }
    }

    @Test func whatOnlyOthersCanTellIsLeftOpen() async throws {
        let keys = await keys()
        let header = Base64URL.encode(#"{"alg":"HS256","kid":"1"}"#.utf8)
        for text in [SecretToken(.deviceKey).secret, SecretToken(.personalAccess).secret, "\(header).e30.AAAA"] {
            guard case .open = keys.judge(text, at: now) else {
                Issue.record("not left open: \(text)")
                continue
            }
        }
    }

    @Test func aKeyThatIsNotKnownMayBeNewerThanThoseThatWereFetched() async throws {
        let token = try await TokenSigner(key: SigningKey()).sign(.sample())
        guard case .unknownKey = await keys().judge(token, at: now) else {
            Issue.record("judged by keys that may be out of date")
            return
        }
        let none = PublishedKeys { throw CancellationError() }
        await none.refreshIfDue()
        guard case .unknownKey = none.judge(token, at: now) else {
            Issue.record("judged without keys")
            return
        }
    }
}
