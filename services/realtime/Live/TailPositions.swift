import EventBus
import FoundationEssentials
import Redis

/// How far each organization's live stream has been read.
struct TailPositions: Sendable {
    private var positions: [UUID: StreamID] = [:]
    private var organizations: [String: UUID] = [:]

    /// Where to read on.
    var reads: [(name: String, from: StreamPosition)] {
        organizations.compactMap { stream, organization in
            positions[organization].map { (stream, .after($0)) }
        }
    }

    func contains(_ organization: UUID) -> Bool {
        positions[organization] != nil
    }

    /// Follows an organization's stream from `end` on; false when it is followed already.
    mutating func add(_ organization: UUID, at end: StreamID) -> Bool {
        guard positions[organization] == nil else { return false }
        positions[organization] = end
        organizations[StreamName.live(organization)] = organization
        return true
    }

    mutating func remove(_ organization: UUID) {
        positions[organization] = nil
        organizations[StreamName.live(organization)] = nil
    }

    /// Whose the entry is, if it is a new one of a stream that is followed: an answer may come from a position that has
    /// been left since.
    mutating func advance(_ stream: String, to entry: StreamID) -> UUID? {
        guard let organization = organizations[stream], let position = positions[organization], position < entry
        else { return nil }
        positions[organization] = entry
        return organization
    }
}
