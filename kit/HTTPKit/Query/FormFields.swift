import Foundation

/// Names and values as `application/x-www-form-urlencoded` has them: a query or a form (WHATWG URL, section 5).
public struct FormFields: Sendable, Hashable {
    public private(set) var fields: [(name: String, value: String)] = []

    public init() {}

    /// - Throws: 400 for a `%` without two hexadecimal digits, and for what is not UTF-8.
    public init(_ text: some StringProtocol) throws(Problem) {
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            fields.append((try Self.decode(parts[0]), parts.count > 1 ? try Self.decode(parts[1]) : ""))
        }
    }

    /// The first value of that name.
    public subscript(name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    /// All values of that name.
    public func values(of name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }

    private static func decode(_ text: some StringProtocol) throws(Problem) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        guard let decoded = text.replacingOccurrences(of: "+", with: " ").removingPercentEncoding else {
            throw .badRequest("A parameter is not percent-encoded UTF-8.")
        }
        return decoded
    }

    public static func == (lhs: FormFields, rhs: FormFields) -> Bool {
        lhs.fields.elementsEqual(rhs.fields) { $0 == $1 }
    }

    public func hash(into hasher: inout Hasher) {
        for field in fields {
            hasher.combine(field.name)
            hasher.combine(field.value)
        }
    }
}
