import Foundation

/// The name of a mail domain in lower case and A-labels (RFC 5890 §2.3.2.1), so that `münchen.example` and
/// `xn--mnchen-3ya.example` are one.
struct DomainName: Sendable, Hashable {
    /// A label beyond ASCII, as it is and as an A-label.
    private static let witness = (".ü", ".xn--tda")

    let text: String

    /// Nil for what is no domain of at least two labels of letters, digits and inner hyphens (RFC 1123 §2.1), each
    /// internationalized one by the rules of UTS 46.
    init?(_ text: some StringProtocol) {
        guard let ascii = Self.ascii(String(text)) else { return nil }
        let labels = ascii.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2, labels.allSatisfy(Self.isLabel) else { return nil }
        self.text = ascii
    }

    private static func ascii(_ text: String) -> String? {
        let lower = text.lowercased()
        let isInternational =
            lower.split(separator: ".").contains { $0.hasPrefix("xn--") } || !lower.utf8.allSatisfy { $0 < 0x80 }
        guard isInternational else { return lower }
        // Foundation converts all labels or none, and those in ASCII alone it does not look into: beside one that is to be
        // converted, an A-label that does not decode is found out, too.
        var components = URLComponents()
        components.scheme = "https"
        components.host = text + witness.0
        guard let encoded = components.encodedHost, encoded.hasSuffix(witness.1) else { return nil }
        return String(encoded.dropLast(witness.1.count))
    }

    private static func isLabel(_ label: Substring) -> Bool {
        (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
            && label.unicodeScalars.allSatisfy { $0.isASCIIAlphanumeric || $0 == "-" }
    }
}

extension Unicode.Scalar {
    var isASCIIAlphanumeric: Bool {
        switch self {
        case "0"..."9", "a"..."z", "A"..."Z": true
        default: false
        }
    }
}
