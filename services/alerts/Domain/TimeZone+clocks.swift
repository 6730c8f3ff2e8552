// The time zones of the IANA database are in the whole of Foundation.
import Foundation
import Postgres

extension TimeZone {
    /// By a name of the IANA database; nil for abbreviations and offsets, which know no summer.
    init?(named name: String) {
        guard name == "UTC" || name.contains("/") else { return nil }
        self.init(identifier: name)
    }

    /// How far the clocks are ahead of UTC, in seconds.
    ///
    /// - Parameter second: Since 1970 UTC.
    func offset(at second: Int64) -> Int64 {
        Int64(secondsFromGMT(for: Date(timeIntervalSince1970: Double(second))))
    }

    /// When clocks show a time, earliest first: never where they are put forward over it, and twice where they are put
    /// back.
    ///
    /// - Parameter local: What they show, as if it were UTC.
    func times(showing local: Timestamp) -> [Timestamp] {
        let second = local.microseconds / 1_000_000
        // No clock is changed twice within two days.
        let offsets = Set([-86_400, 86_400].map { offset(at: second + $0) })
        return offsets.sorted(by: >).filter { offset(at: second - $0) == $0 }.map { local.adding(.seconds(-$0)) }
    }

    /// What clocks show at a time, such as `2026-11-27 09:00`.
    func text(of time: Timestamp) -> String {
        let local = time.adding(.seconds(offset(at: time.microseconds / 1_000_000))).rfc3339
        return local.prefix(10) + " " + local.dropFirst(11).prefix(5)
    }
}
