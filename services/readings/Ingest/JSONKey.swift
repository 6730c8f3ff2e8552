/// The name of an object's member, which is compared as it stands unless it has escapes.
struct JSONKey {
    private let raw: Slice<UnsafeBufferPointer<UInt8>>
    /// Only of a name with escapes, or beyond ASCII.
    private let decoded: String?

    /// - Parameter raw: The bytes between the quotes.
    /// - Returns: Nil when an escape or the UTF-8 is malformed.
    init?(_ raw: Slice<UnsafeBufferPointer<UInt8>>) {
        self.raw = raw
        guard raw.contains(where: { $0 == UInt8(ascii: "\\") || $0 >= 0x80 }) else {
            decoded = nil
            return
        }
        guard let text = JSONEscapes.decode(raw) else { return nil }
        decoded = text
    }

    var text: String { decoded ?? String(decoding: raw, as: UTF8.self) }

    static func ~= (name: StaticString, key: JSONKey) -> Bool {
        name.withUTF8Buffer { name in
            key.decoded.map { $0.utf8.elementsEqual(name) } ?? key.raw.elementsEqual(name)
        }
    }
}
