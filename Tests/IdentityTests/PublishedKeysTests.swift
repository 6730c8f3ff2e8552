import Foundation
import Synchronization
import TestKit
import Testing

@testable import Identity

@Suite struct PublishedKeysTests {
    @Test func anUnknownKeyIsFetchedOnceForAllWhoWait() async throws {
        let key = SigningKey()
        let fetches = Counter()
        let asked = Counter()
        let keys = PublishedKeys {
            fetches.increment()
            try await eventually { asked.value == 20 }
            return JSONWebKeySet(keys: [key.publicKey])
        }
        let found = try await withThrowingTaskGroup { group in
            for _ in 0..<20 {
                group.addTask {
                    asked.increment()
                    return try await keys.key(id: key.kid) != nil
                }
            }
            return try await group.reduce(true) { $0 && $1 }
        }
        #expect(found)
        #expect(fetches.value == 1)
    }

    @Test func unknownIdsDoNotFetchAgainAtOnce() async throws {
        let fetches = Counter()
        let keys = PublishedKeys(minimumInterval: .seconds(60)) {
            fetches.increment()
            return JSONWebKeySet(keys: [])
        }
        for id in ["a", "b", "c"] { #expect(try await keys.key(id: id) == nil) }
        #expect(fetches.value == 1)
    }

    @Test func knownKeysServeWhileTheIssuerIsAway() async throws {
        let key = SigningKey()
        let isAway = Mutex(false)
        let keys = PublishedKeys(minimumInterval: .zero) {
            if isAway.withLock(\.self) { throw CancellationError() }
            return JSONWebKeySet(keys: [key.publicKey])
        }
        #expect(try await keys.key(id: key.kid) != nil)
        isAway.withLock { $0 = true }
        await #expect(throws: TokenError.keysUnavailable) { try await keys.key(id: "other") }
        #expect(try await keys.key(id: key.kid) != nil)
    }

    @Test func aKeySetIsReadAsRFC7517WritesIt() throws {
        let json = """
            {"keys": [
                {"kty": "EC", "crv": "P-256", "use": "sig", "kid": "1", "alg": "ES256", "extra": [1],
                 "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"},
                {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "2"}
            ]}
            """
        let set = try JSONDecoder().decode(JSONWebKeySet.self, from: Data(json.utf8))
        #expect(set.keys.map(\.kid) == ["1"])
        let again = try JSONDecoder().decode(JSONWebKeySet.self, from: JSONEncoder().encode(set))
        #expect(again == set)
    }
}
