import CCrypt
import Glibc

/// bcrypt (`$2b$`) by the system's crypt(3).
///
/// It takes a good part of a second by design, so it is only called through ``PasswordHasher``.
enum BCrypt {
    struct Failure: Error {
        let code: CInt
    }

    /// Hashes `password` with a new salt.
    ///
    /// - Throws: ``Failure`` when the system's library does not know bcrypt or the cost is out of its range (4–31).
    static func hash(_ password: String, cost: Int) throws(Failure) -> String {
        // Without random bytes of ours the library takes the kernel's.
        guard let setting = crypt_gensalt_ra("$2b$", UInt(cost), nil, 0) else { throw Failure(code: errno) }
        defer { free(setting) }
        guard let hash = crypt(password, setting: String(cString: setting)) else { throw Failure(code: errno) }
        return hash
    }

    /// Whether `hash` was made from `password`; compared in constant time.
    static func matches(_ password: String, _ hash: String) -> Bool {
        guard password.utf8.count <= PasswordPolicy.maximumLength, !password.utf8.contains(0),
            let computed = crypt(password, setting: hash), computed.utf8.count == hash.utf8.count
        else { return false }
        return zip(computed.utf8, hash.utf8).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// A hash that no password is known for, to be checked against in place of one that does not exist.
    static func decoy(cost: Int) -> String {
        "$2b$" + (cost < 10 ? "0" : "") + "\(cost)$" + "AbqYaQ4bOQpZ0Y2Jr8mN6u" + "Yk1m3JQpV0n6oPz8rT5uWxC2dE4fGhI"
    }

    /// The hash of `password` with the cost and salt that `setting` begins with; nil when it begins with none.
    static func crypt(_ password: String, setting: String) -> String? {
        var scratch: UnsafeMutableRawPointer?
        var size: CInt = 0
        defer { free(scratch) }
        return crypt_ra(password, setting, &scratch, &size).map { String(cString: $0) }
    }
}
