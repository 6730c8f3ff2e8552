import Redis

/// The id of a frame, `<entry>-<index>`: the live stream's entry that it came in, and its place in that entry.
///
/// Ids of an organization's frames grow with time, so a client resumes behind the last one it got.
struct FrameID: Sendable, Hashable {
    let entry: StreamID
    let index: Int
}

extension FrameID: Comparable {
    static func < (lhs: FrameID, rhs: FrameID) -> Bool {
        (lhs.entry, lhs.index) < (rhs.entry, rhs.index)
    }
}

extension FrameID: LosslessStringConvertible {
    /// Reads `<milliseconds>-<sequence>-<index>`; nil for anything else.
    init?(_ description: String) {
        let parts = description.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let milliseconds = UInt64(parts[0]), let sequence = UInt64(parts[1]),
            let index = Int(parts[2]), index >= 0
        else { return nil }
        self.init(entry: StreamID(milliseconds: milliseconds, sequence: sequence), index: index)
    }

    var description: String { "\(entry)-\(index)" }
}
