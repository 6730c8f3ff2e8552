import HTTPWire

/// ASCII text in lower case, to be found in a head in whatever case it stands there.
struct LowercasedText: Sendable, Hashable, CustomStringConvertible {
    let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.lowercased().utf8) }

    var description: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether the text at `range` is this one.
    func equals(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.count == bytes.count && stands(in: text, at: range.lowerBound)
    }

    /// Whether the text at `range` ends with this one, and is longer.
    func ends(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.count > bytes.count && stands(in: text, at: range.upperBound - bytes.count)
    }

    private func stands(in text: Span<UInt8>, at start: Int) -> Bool {
        for offset in 0..<bytes.count {
            let byte = text[start + offset]
            let isUppercase = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
            guard (isUppercase ? byte | 0x20 : byte) == bytes[offset] else { return false }
        }
        return true
    }
}
