import Foundation
import HTTPKit

/// The address by which somebody signs in, in the one spelling that is stored: trimmed, in lower case, the domain in ASCII,
/// and of a shape that mail can be sent to.
struct EmailAddress: Sendable, Hashable {
    /// Mail servers take no longer path (RFC 5321 §4.5.3.1.3).
    private static let maximumLength = 254
    /// What is asked of an address, in words that follow the field's.
    static let rule = "must be an e-mail address such as ada@example.org"

    let text: String

    /// Nil when `text` is no address.
    init?(_ text: String) {
        let parts = text.trimmed.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let local = Self.localPart(parts[0]), let domain = DomainName(parts[1]),
            local.utf8.count + 1 + domain.text.utf8.count <= Self.maximumLength
        else { return nil }
        self.text = "\(local)@\(domain.text)"
    }

    /// The dot-atom of RFC 5322 §3.2.3, and RFC 6531's characters beyond ASCII. Quoted strings are not taken.
    private static func localPart(_ part: Substring) -> String? {
        let folded = part.folded
        let isValid =
            folded.utf8.count <= 64
            && folded.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { atom in
                !atom.isEmpty && atom.unicodeScalars.allSatisfy { $0.isAtomText || $0.isBeyondASCII }
            }
        return isValid ? folded : nil
    }
}

extension StringProtocol {
    /// In lower case and composed (NFC), whatever the locale: some letters are composed only in lower case.
    fileprivate var folded: String {
        precomposedStringWithCanonicalMapping.lowercased().precomposedStringWithCanonicalMapping
    }
}

extension Unicode.Scalar {
    fileprivate var isAtomText: Bool {
        isASCIIAlphanumeric || "!#$%&'*+-/=?^_`{|}~".unicodeScalars.contains(self)
    }

    fileprivate var isBeyondASCII: Bool {
        !isASCII && !properties.isWhitespace && !isControl
    }
}
