import Kernel
import Postgres

/// Where a service puts its events in the transaction of the change they tell of; nothing is told that did not commit,
/// and nothing that committed stays untold.
public struct Outbox: Sendable {
    let source: Service
    /// Signals that something was committed; any number of them before the relay looks count as one.
    let commits = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    public init(source: Service) {
        self.source = source
    }

    /// Inserts the event; to be run in the transaction of the change.
    public func append(_ event: Event) -> SQL {
        """
        INSERT INTO core.outbox (id, source, stream, event)
        VALUES (\(event.id), \(source.rawValue), \(StreamName.events(source)), \(JSONB(bytes: event.json)))
        """
    }

    /// Lets the relay look now rather than at its next turn; to be called after the commit.
    public func wake() {
        commits.continuation.yield()
    }
}
