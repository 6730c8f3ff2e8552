import Postgres

/// How good a value is, as the device or its driver judged it; the higher, the worse.
enum Quality: UInt8, Sendable, Hashable, Comparable, CaseIterable {
    case excellent = 1
    case good
    case fair
    case poor
    case bad

    /// As in JSON.
    var name: String { "\(self)" }

    init?(name: String) {
        guard let quality = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = quality
    }

    static func < (lhs: Quality, rhs: Quality) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// A reading as rules see it: a number, or 1 and 0 for booleans, or NaN for a text.
struct Reading: Sendable, Hashable {
    let time: Timestamp
    let value: Double
    var quality = Quality.good
}
