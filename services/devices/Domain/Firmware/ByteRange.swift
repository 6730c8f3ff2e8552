/// The part of so many bytes that a request's `Range` asks for (RFC 9110, section 14.2).
enum ByteRange: Sendable, Hashable {
    /// There is no such field, or one that may be passed over: of another unit, or with several ranges.
    case whole
    case part(Range<Int>)
    /// None of the bytes is in it, or it cannot be read.
    case unsatisfiable

    init(_ field: String?, of size: Int) {
        guard let field, let equals = field.firstIndex(of: "="), field[..<equals].lowercased() == "bytes",
            !field.contains(",")
        else {
            self = .whole
            return
        }
        let spec = field[field.index(after: equals)...].split(separator: "-", omittingEmptySubsequences: false)
        let bounds = spec.map { $0.filter { $0 != " " && $0 != "\t" } }
        guard bounds.count == 2, let range = Self.range(bounds[0], bounds[1], of: size), !range.isEmpty else {
            self = .unsatisfiable
            return
        }
        self = .part(range)
    }

    /// `0-499`, `500-` or, of the last bytes, `-500`.
    private static func range(_ first: String, _ last: String, of size: Int) -> Range<Int>? {
        guard !first.isEmpty else {
            return number(last).map { max(0, size - $0)..<size }
        }
        guard let first = number(first), first < size else { return nil }
        guard !last.isEmpty else { return first..<size }
        guard let last = number(last), last >= first else { return nil }
        return first..<(last < size ? last + 1 : size)
    }

    /// A number however large, since one beyond the end means the end.
    private static func number(_ digits: String) -> Int? {
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int(digits) ?? .max
    }
}
