/// The address by which somebody signs in: trimmed, in lower case, and of a shape that mail can be sent to.
struct EmailAddress: Sendable, Hashable {
    /// Mail servers take no longer path (RFC 5321 §4.5.3.1.3).
    private static let maximumLength = 254
    /// What is asked of an address, in words that follow the field's.
    static let rule = "must be an e-mail address such as ada@example.org"

    let text: String

    /// Nil when `text` is no address.
    init?(_ text: String) {
        let text = text.trimmed.lowercased()
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.maximumLength, parts.count == 2,
            Self.isLocalPart(parts[0]), Self.isDomain(parts[1])
        else { return nil }
        self.text = text
    }

    /// The dot-atom of RFC 5322 §3.2.3, and RFC 6531's characters beyond ASCII. Quoted strings are not taken.
    private static func isLocalPart(_ part: Substring) -> Bool {
        part.utf8.count <= 64
            && part.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { atom in
                !atom.isEmpty && atom.unicodeScalars.allSatisfy { $0.isAtomText || $0.isBeyondASCII }
            }
    }

    /// At least two labels of letters, digits and inner hyphens (RFC 1123 §2.1).
    private static func isDomain(_ part: Substring) -> Bool {
        let labels = part.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.unicodeScalars.allSatisfy { $0.isASCIIAlphanumeric || $0 == "-" || $0.isBeyondASCII }
            }
    }
}

extension Unicode.Scalar {
    fileprivate var isASCIIAlphanumeric: Bool {
        properties.isASCIIHexDigit || ("g"..."z").contains(self) || ("G"..."Z").contains(self)
    }

    fileprivate var isAtomText: Bool {
        isASCIIAlphanumeric || "!#$%&'*+-/=?^_`{|}~".unicodeScalars.contains(self)
    }

    fileprivate var isBeyondASCII: Bool {
        !isASCII && !properties.isWhitespace && !isControl
    }
}
