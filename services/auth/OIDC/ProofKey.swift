import Crypto
import Identity

/// What shows that the code is exchanged by who asked for it (PKCE, RFC 7636), by the method `S256`.
struct ProofKey: Sendable, Hashable {
    /// 51 characters; the section 4.1 asks for 43 to 128.
    let verifier: String

    /// A new one, from the system's cryptographic random source.
    init() {
        verifier = SecretToken(.login).secret
    }

    init(verifier: String) {
        self.verifier = verifier
    }

    /// Section 4.2.
    var challenge: String { Base64URL.encode(SHA256.hash(data: Array(verifier.utf8))) }
}
