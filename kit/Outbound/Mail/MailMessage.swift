import FoundationEssentials

/// A letter to one person (RFC 5322): in plain text, and for who wants it in HTML too.
public struct MailMessage: Sendable, Hashable {
    public var from: MailAddress
    public var to: MailAddress
    public var subject: String
    /// In lines that end with `\n`.
    public var text: String
    /// The same as a page (RFC 2046 §5.1.4); nil for a letter in plain text alone.
    public var html: String?
    /// The same at every attempt to send it, so that mail programs drop a repetition; letters, digits, dots and hyphens.
    public var id: String
    public var date: Date

    public init(
        from: MailAddress, to: MailAddress, subject: String, text: String, html: String? = nil, id: String, date: Date
    ) {
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
        self.html = html
        self.id = id
        self.date = date
    }

    /// The message as it is sent, its lines ended by CR LF.
    public var bytes: [UInt8] {
        let header = [
            "Date: \(HeaderText.date(date))",
            "From: \(from.header)",
            "To: \(to.header)",
            "Message-ID: <\(id)@\(from.domain)>",
            "Subject: \(HeaderText.encoded(subject))",
            "MIME-Version: 1.0",
            // No answers from machines (RFC 3834 §5).
            "Auto-Submitted: auto-generated",
        ]
        let lines = header + (html.map(alternatives) ?? plainText)
        return Array(lines.map { $0 + "\r\n" }.joined().utf8)
    }

    private var plainText: [String] {
        let lines = Self.lines(of: text)
        // Most letters need no encoding, and are then readable as they lie in a folder, with links in one piece. Longer
        // lines must not be (RFC 5322 §2.1.1).
        let isPlain = text.utf8.allSatisfy { $0 < 0x80 } && lines.allSatisfy { $0.utf8.count <= 998 }
        let body = isPlain ? lines.map(String.init) : lines.flatMap(QuotedPrintable.lines)
        return Self.head("text/plain", isPlain ? "7bit" : "quoted-printable") + [""] + body
    }

    /// Both forms, the plainest first. `=_` stands nowhere in what is quoted-printable, so that no part can hold the
    /// boundary (RFC 2045 §6.7).
    private func alternatives(_ html: String) -> [String] {
        let boundary = "=_\(id)"
        let parts = [("text/plain", text), ("text/html", html)].flatMap { type, text -> [String] in
            let head = ["--\(boundary)"] + Self.head(type, "quoted-printable")
            // The line end before a boundary is the boundary's (RFC 2046 §5.1.1).
            return head + [""] + Self.lines(of: text).flatMap(QuotedPrintable.lines) + [""]
        }
        return ["Content-Type: multipart/alternative; boundary=\"\(boundary)\"", ""] + parts + ["--\(boundary)--"]
    }

    private static func head(_ type: String, _ encoding: String) -> [String] {
        ["Content-Type: \(type); charset=utf-8", "Content-Transfer-Encoding: \(encoding)"]
    }

    private static func lines(of text: String) -> [Substring] {
        (text.hasSuffix("\n") ? text.dropLast() : text[...]).split(separator: "\n", omittingEmptySubsequences: false)
    }
}

/// A mailbox and whose it is.
public struct MailAddress: Sendable, Hashable {
    public var name: String?
    /// `local-part@domain`.
    public var address: String

    public init(name: String? = nil, address: String) {
        self.name = name
        self.address = address
    }

    /// Reads `ada@example.org` or `Ada Lovelace <ada@example.org>`; nil for anything else.
    public init?(_ text: String) {
        var name: String?
        var address = text[...]
        if text.hasSuffix(">"), let bracket = text.lastIndex(of: "<") {
            name = text[..<bracket].trimmingSpaces
            address = text[text.index(after: bracket)...].dropLast()
        }
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        let isClean = address.unicodeScalars.allSatisfy { $0.value > 0x20 && !"<>\",;()".unicodeScalars.contains($0) }
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, isClean else { return nil }
        self.init(name: name.flatMap { $0.isEmpty ? nil : $0 }, address: String(address))
    }

    /// What stands behind the `@`.
    var domain: Substring {
        address.split(separator: "@").last ?? address[...]
    }

    var header: String {
        guard let name else { return "<\(address)>" }
        return "\(HeaderText.phrase(name)) <\(address)>"
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
