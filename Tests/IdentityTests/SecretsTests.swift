import Foundation
import Testing

@testable import Identity

@Suite struct SecretsTests {
    @Test(arguments: [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func base64URLIsWrittenAsRFC4648(plain: String, encoded: String) {
        #expect(Base64URL.encode(plain.utf8) == encoded)
        #expect(Base64URL.decode(encoded) == Array(plain.utf8))
    }

    @Test(arguments: ["Zg==", "Zh", "Z", "Zm 9v", "+/8", "Zé"])
    func anotherSpellingIsNoBase64URL(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test func base64URLUsesItsOwnTwoCharacters() {
        #expect(Base64URL.encode([0xFB, 0xFF, 0xBF]) == "-_-_")
        #expect(Base64URL.decode("-_-_") == [0xFB, 0xFF, 0xBF])
    }

    @Test func aDeviceKeyIsFoundAgainByItsHash() throws {
        let key = SecretToken(.deviceKey)
        #expect(key.secret.hasPrefix("lms_dev_"))
        let presented = try #require(SecretToken(key.secret, kind: .deviceKey))
        #expect(presented.hash == key.hash)
        #expect(SecretToken(.deviceKey).hash != key.hash)
        #expect(SecretToken(key.secret, kind: .personalAccess) == nil)
        #expect(SecretToken(key.secret + "A", kind: .deviceKey) == nil)
        #expect(SecretToken("lms_dev_" + String(repeating: "!", count: 43), kind: .deviceKey) == nil)
        #expect(!"\(key)".contains(key.secret.dropFirst(8)))
    }

    @Test func aHashIsTheSHA256() throws {
        let hash = SecretHash(of: "abc")
        #expect(hash.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(SecretHash(hex: hash.hex) == hash)
        #expect(SecretHash(bytes: hash.bytes) == hash)
        #expect(SecretHash(hex: hash.hex.dropLast()) == nil)
        #expect(SecretHash(hex: String(repeating: "g", count: 64)) == nil)
        #expect(SecretHash(bytes: [1, 2, 3]) == nil)
    }

    @Test func sealedBytesOpenWithAnyKeyOfTheRing() throws {
        let old = Sealer(keys: try .sample(KeyRing.first))
        let rotated = Sealer(keys: try .sample(KeyRing.second + "," + KeyRing.first))
        let sealed = try old.seal(Array("secret".utf8), context: "channel 1")
        #expect(try rotated.open(sealed, context: "channel 1") == Array("secret".utf8))
        let renewed = try rotated.seal(Array("secret".utf8), context: "channel 1")
        #expect(throws: SealError.unknownKey) { try old.open(renewed, context: "channel 1") }
    }

    @Test func sealedBytesOpenUnchangedAndInTheirPlaceOnly() throws {
        let sealer = Sealer(keys: try .sample())
        let sealed = try sealer.seal(Array("secret".utf8), context: "a")
        #expect(throws: SealError.notAuthentic) { try sealer.open(sealed, context: "b") }
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: SealError.self) { try sealer.open(changed, context: "a") }
        }
        for length in 0..<sealed.count {
            #expect(throws: SealError.self) { try sealer.open(sealed.prefix(length), context: "a") }
        }
    }

    @Test(arguments: ["", "c2hvcnQ=", "not base64", String(repeating: "A", count: 44)])
    func aSecretOfAnotherSizeIsRefused(text: String) {
        #expect(throws: KeyRingError.self) { try KeyRing(text) }
    }

    @Test func aFormsTokenHoldsForItsSessionOnly() throws {
        let tokens = CSRFTokens(keys: try .sample())
        let token = tokens.make(for: "session")
        #expect(tokens.accepts(token, for: "session"))
        #expect(tokens.make(for: "session") != token)
        #expect(!tokens.accepts(token, for: "another"))
        #expect(!tokens.accepts(token.dropLast(), for: "session"))
        #expect(!tokens.accepts("", for: "session"))
        #expect(CSRFTokens(keys: try .sample(KeyRing.second + "," + KeyRing.first)).accepts(token, for: "session"))
        #expect(!CSRFTokens(keys: try .sample(KeyRing.second)).accepts(token, for: "session"))
    }
}
