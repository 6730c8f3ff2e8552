import Foundation
import Identity
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct KeyRotationTests {
    // MARK: When

    private static func key(signsFrom seconds: Int, rotatesAt: Int? = nil) -> StoredKey {
        StoredKey(
            id: UUID(), key: SigningKey(), signsFrom: at(seconds), rotatesAt: rotatesAt.map(at))
    }

    private static func at(_ seconds: Int) -> Timestamp { Timestamp(microseconds: 0).adding(.seconds(seconds)) }

    private let terms = KeyTerms(
        rotation: .seconds(100), publication: .seconds(10), verification: .seconds(1000), refresh: .seconds(1))

    @Test(
        arguments: [
            ([], 0, KeySchedule.Occasion.first),
            ([key(signsFrom: 0)], 99, nil),
            ([key(signsFrom: 0)], 100, .due),
            ([key(signsFrom: 110), key(signsFrom: 0)], 105, nil),
            ([key(signsFrom: 0, rotatesAt: 50)], 49, nil),
            ([key(signsFrom: 0, rotatesAt: 50)], 50, .requested),
            ([key(signsFrom: 60), key(signsFrom: 0, rotatesAt: 50)], 60, nil),
        ] as [([StoredKey], Int, KeySchedule.Occasion?)])
    func `a key is made when there is none, when the newest is old, and on request`(
        keys: [StoredKey], now: Int, expected: KeySchedule.Occasion?
    ) {
        #expect(KeySchedule.additionDue(keys, terms, at: Self.at(now)) == expected)
    }

    @Test func `a key retires when nothing that it signed can hold any more`() {
        let keys = [Self.key(signsFrom: 220), Self.key(signsFrom: 110), Self.key(signsFrom: 0)]
        func retired(at now: Int) -> [String] {
            KeySchedule.retirementsDue(keys, terms, at: Self.at(now)).map(\.key.kid)
        }
        #expect(retired(at: 1109) == [])
        #expect(retired(at: 1110) == [keys[2].key.kid])
        #expect(retired(at: 1220) == [keys[1].key.kid, keys[2].key.kid])
        #expect(retired(at: 1_000_000) == [keys[1].key.kid, keys[2].key.kid])
    }

    @Test func `a key is published for as long as the longest session lasts`() {
        #expect(KeyTerms().verification > SessionTerms.rememberedBrowser.lifetime)
        #expect(KeyTerms().publication > KeyTerms().refresh)
    }

    // MARK: Two instances

    /// Two instances, whose keys' time passes while a test watches.
    private func instances(_ terms: KeyTerms) async throws -> (AuthServer, AuthServer) {
        let database = try await AuthServer.makeDatabase()
        async let first = AuthServer.start(on: database, keys: terms)
        async let second = AuthServer.start(on: database, keys: terms)
        return try await (first, second)
    }

    private func published(_ server: AuthServer) async throws -> [String] {
        let keys = try await server.client().get("/.well-known/jwks.json").json["keys"].array ?? []
        return keys.compactMap { $0["kid"].string }
    }

    private func signer(_ token: String) throws -> String {
        let header = try #require(Base64URL.decode(token.split(separator: ".")[0]))
        let decoded = try JSONDecoder().decode(JSONValue.self, from: Data(header))
        return try #require(decoded["kid"].string)
    }

    private func rotate(_ server: AuthServer) async throws {
        _ = try await server.query("UPDATE auth.signing_keys SET rotates_at = now() WHERE retired_at IS NULL")
    }

    @Test func `a new key is published, then signs in every instance, and the old one leaves last`() async throws {
        let (first, second) = try await instances(
            KeyTerms(
                rotation: .seconds(3600), publication: .seconds(2), verification: .seconds(3),
                refresh: .milliseconds(100)))
        let ada = try await first.newcomer()
        // Of the same key, and shown to nobody before that has gone.
        let unseen = try await first.newcomer().accessToken
        let old = try signer(ada.accessToken)
        #expect(try await published(first) == [old])
        try await rotate(first)

        let both = try await eventually {
            let (kids, others) = try await (published(first), published(second))
            return kids.count == 2 && others == kids ? kids : nil
        }
        let new = try #require(both.first { $0 != old })
        // It was published before it signs.
        #expect(try await signer(first.newcomer().accessToken) == old)
        for server in [first, second] {
            try await eventually { try await signer(server.newcomer().accessToken) == new }
            // Nobody is signed out.
            #expect(try await server.client().authorized(ada.accessToken).get("/api/v1/auth/me").status == 200)
        }
        for server in [first, second] {
            try await eventually { try await published(server) == [new] }
            #expect(try await server.client().authorized(unseen).get("/api/v1/auth/me").status == 401)
        }
        let types = try await eventually {
            let types = try await first.events(about: old).map(\.type)
            return types.count == 2 ? types : nil
        }
        #expect(types == ["signing_key.added", "signing_key.retired"])
        #expect(try await first.events(about: new).map(\.type) == ["signing_key.added"])
        let audited = try await first.query(
            """
            SELECT e.event_type, e.actor ->> 'type', octet_length(k.sealed_private_key) > 0
            FROM core.events e JOIN auth.signing_keys k ON k.id = e.entity_id ORDER BY e.id
            """)
        let rows = try audited.map { try $0.decode(String.self, String.self, Bool.self) }
        #expect(rows.map(\.0) == ["signing_key.added", "signing_key.added", "signing_key.retired"])
        #expect(rows.map(\.1) == ["system", "operator", "system"])
        #expect(rows.map(\.2) == [false, true, false])
    }

    @Test func `keys take turns by themselves, one at a time however many instances look`() async throws {
        let (first, second) = try await instances(
            KeyTerms(
                rotation: .seconds(1), publication: .seconds(1), verification: .seconds(600),
                refresh: .milliseconds(50)))
        let kids = try await eventually {
            let kids = try await published(first)
            return kids.count >= 4 ? kids : nil
        }
        let known = try await eventually {
            let known = try await published(second)
            return Set(known).isSuperset(of: kids) ? known : nil
        }
        #expect(Set(known).count == known.count)
        // A turn is at least as long as a key signs: two instances at once would have made twice as many.
        let gaps = try await first.query(
            """
            SELECT coalesce(min(extract(epoch FROM gap)), 0)::float8
            FROM (SELECT signs_from - lag(signs_from) OVER (ORDER BY signs_from) AS gap FROM auth.signing_keys) g
            """)
        let shortest = try #require(gaps.first).decode(Double.self, at: 0)
        #expect(shortest >= 1)
    }
}
