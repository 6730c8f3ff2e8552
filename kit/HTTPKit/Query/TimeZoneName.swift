/// A name of the IANA time zone database, such as `Europe/Berlin`, or `UTC`.
///
/// Whether there is such a zone the database tells, which is to compute with it. It takes other texts for zones, too:
/// abbreviations, and rules in the form of POSIX such as `UTC+3`, whose sign is the other way round. Those are left out
/// here.
public struct TimeZoneName: Sendable, Hashable, LosslessStringConvertible {
    public let description: String

    public static let utc = TimeZoneName(trusted: "UTC")

    public init?(_ description: String) {
        guard Self.isWellFormed(description) else { return nil }
        self.init(trusted: description)
    }

    private init(trusted description: String) {
        self.description = description
    }

    private static func isWellFormed(_ name: String) -> Bool {
        if name == "UTC" || isEtcetera(name) { return true }
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return name.utf8.count <= 64 && (2...3).contains(parts.count)
            && parts.allSatisfy { part in !part.isEmpty && part.allSatisfy(isOfName) }
    }

    /// `Etc/GMT-14` to `Etc/GMT+12`; a number elsewhere would be read as a rule.
    private static func isEtcetera(_ name: String) -> Bool {
        (0...14).contains { name == "Etc/GMT-\($0)" } || (0...12).contains { name == "Etc/GMT+\($0)" }
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
