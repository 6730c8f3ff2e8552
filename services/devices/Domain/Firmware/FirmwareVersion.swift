/// The version of a firmware, in the manner of Semantic Versioning: one to four numbers, and behind them a pre-release
/// (`-rc.1`), a build (`+5114f85`) or both, if any.
struct FirmwareVersion: Sendable, Hashable {
    static let maximumLength = 64

    let text: String

    /// Reads a version, which may have a `v` before it, as tags of repositories do; nil for anything else.
    init?(_ text: String) {
        let text = text.hasPrefix("v") ? text.dropFirst() : text[...]
        guard text.utf8.count <= Self.maximumLength else { return nil }
        let (core, suffix) = Self.split(text, before: ["-", "+"])
        let numbers = core.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...4).contains(numbers.count), numbers.allSatisfy(Self.isNumber) else { return nil }
        let (preRelease, build) = Self.split(suffix, before: ["+"])
        guard [preRelease, build].allSatisfy({ $0.isEmpty || Self.isIdentifiers($0.dropFirst()) }) else { return nil }
        self.text = String(text)
    }

    private static func split(
        _ text: Substring, before separators: Set<Character>
    ) -> (Substring, Substring) {
        let end = text.firstIndex(where: separators.contains) ?? text.endIndex
        return (text[..<end], text[end...])
    }

    private static func isNumber(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isDigit)
    }

    /// Identifiers with dots between them (Semantic Versioning 2.0.0, items 9 and 10).
    private static func isIdentifiers(_ text: Substring) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { identifier in
            !identifier.isEmpty
                && identifier.utf8.allSatisfy { isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
